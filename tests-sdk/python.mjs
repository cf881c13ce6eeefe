// The signers of signers.py, from JavaScript: one Python process, started by the first question and ended with
// this one.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

let answers;
let questions;
let ended;

/** What `call` in signers.py makes of a request. */
export async function askPython(call, request = {}) {
  if (answers === undefined) {
    start();
  }
  const { text, body, ...rest } = request;
  questions.write(JSON.stringify({ call, ...rest, body_base64: body?.toString("base64") }) + "\n");
  // Answers come in the order of the questions, and so does whoever waits for them.
  const { value, done } = await answers.next();
  if (done) {
    throw new Error("signers.py ended; its reason stands above");
  }
  const answer = JSON.parse(value);
  if (answer?.error !== undefined) {
    throw new Error(answer.error);
  }
  return answer;
}

function start() {
  const python = new URL(".venv/bin/python", import.meta.url).pathname;
  const script = new URL("signers.py", import.meta.url).pathname;
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.on("error", (error) => {
    console.error(`${python} does not start (${error}): run tests-sdk/install.sh`);
    process.exit(1);
  });
  ended = new Promise((resolve) => child.on("close", resolve));
  questions = child.stdin;
  answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

/** Ends the Python process, if it was started, and waits for its end. */
export async function endPython() {
  questions?.end();
  await ended;
}

/** The version of a PyPI package that requirements.txt pins. */
export function pythonVersion(name) {
  const pinned = readFileSync(new URL("requirements.txt", import.meta.url), "utf8");
  const found = pinned.match(new RegExp(`^${name}==(\\S+)`, "m"));
  if (found === null) {
    throw new Error(`requirements.txt does not pin ${name}`);
  }
  return found[1];
}

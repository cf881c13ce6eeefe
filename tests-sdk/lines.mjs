// One JSON object per line in, one per line out, in the same order, until standard input ends.
//
// What goes wrong in a line becomes `{"error": …}` in its answer; the process goes on.

/** Answers every line of standard input with what `answer` makes of it. */
export async function answerLines(answer) {
  // Some SDKs log; standard output is for answers.
  console.log = console.info = console.warn = console.debug = () => {};
  let rest = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      process.stdout.write(JSON.stringify(await answered(answer, line)) + "\n");
    }
  }
}

async function answered(answer, line) {
  try {
    return await answer(JSON.parse(line));
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

/** The bytes of a body in Base64, which must be there. */
export function bodyBytes(base64) {
  if (typeof base64 !== "string") {
    throw new Error("body_base64 is missing");
  }
  return Buffer.from(base64, "base64");
}

/** A body as the SDKs want it that take only text: bytes that are not UTF-8 would be replaced silently. */
export function bodyText(base64) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bodyBytes(base64));
}

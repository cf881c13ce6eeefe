// One JSON object per line in, one per line out, in the same order, until standard input ends.
//
// What goes wrong in a line becomes `{"error": …}` in its answer; the process goes on.

/** Answers every line of standard input with what `answer` makes of it. */
export async function answerLines(answer) {
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

/**
 * The body as the SDKs want it. They sign and verify text only: bytes that are not UTF-8 would be
 * replaced silently, so they are an error here.
 */
export function bodyText(base64) {
  if (typeof base64 !== "string") {
    throw new Error("body_base64 is missing");
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, "base64"));
}

// As much of Node.js as client.ts uses.
declare const process: { argv: string[] };

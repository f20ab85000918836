// Runs in a policy pack's process before anything else: takes what the pack may know of the stack from a pipe, so that
// secrets are not in its environment, and ends the process with the engine's, however that ends.
import { readFileSync } from "node:fs";

Object.assign(process.env, JSON.parse(readFileSync(3, "utf8")));
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0));
process.stdin.resume();
process.stdin.unref();

// Runs in the program's process before anything else: takes the stack's settings, secrets among them, from a pipe, so
// that they are not in the environment that other processes and crash reports can see.
import { readFileSync } from "node:fs";

Object.assign(process.env, JSON.parse(readFileSync(3, "utf8")));

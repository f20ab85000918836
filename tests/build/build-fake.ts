/** Builds the tool described in argv[3] into the cache argv[2], in a process of its own; prints how the step ended. */
import type { Tool } from "../../embedded/cluster/build/tools.ts";
import { build } from "../../embedded/cluster/build/builder.ts";
import { remember } from "./support.ts";

const [, , cache = "", tool = "{}"] = process.argv;
const progress = remember();
const [built] = await build([JSON.parse(tool) as Tool], { cache, progress });
console.log(JSON.stringify({ folder: built?.folder, results: progress.results, logs: progress.logs }));

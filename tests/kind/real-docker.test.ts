/** The stack dev under a real Docker. */
import { testDevStack } from "./dev-stack.ts";

await testDevStack("docker");

/** The stack dev under a real podman. */
import { testDevStack } from "./dev-stack.ts";

await testDevStack("podman");

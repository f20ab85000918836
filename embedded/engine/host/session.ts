/** Runs the program of a run against a deployment, from its start to its end. */
import engine from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { Deployment } from "../deployment/deployment.ts";
import type { Severity } from "../events.ts";
import { Callbacks } from "./callbacks.ts";
import { engineService } from "./engine-service.ts";
import { monitorService } from "./monitor.ts";
import { monitorDefinition } from "./registrations.ts";
import { EXIT_REPORTED, startProgram } from "./program.ts";
import { startServer } from "./server.ts";
import { Transforms } from "./transforms.ts";

/** How long the program may take to end by itself once the user interrupted and running steps have ended. Milliseconds. */
const GRACE_MS = 1_000;

/**
 * Hosts the program until it ended, and reports everything that goes wrong with it.
 * @param finish what is to be done once the program has registered all it wants; it still answers calls then. Not called
 *     for a program that fails before that
 */
export async function hostProgram(deployment: Deployment, finish: () => Promise<void>): Promise<void> {
    const { reporter, run } = deployment;
    const active = new Set<Promise<unknown>>();
    const track = <T>(work: Promise<T>): Promise<T> => {
        const settled = work.catch(() => {}).finally(() => active.delete(settled));
        active.add(settled);
        return work;
    };
    let finished: Promise<void> | undefined;
    const onSignal = async (): Promise<void> => {
        await Promise.all(active);
        finished ??= finish();
        await track(finished).catch(() => {}); // thrown below
    };
    const callbacks = new Callbacks();
    const transforms = new Transforms(callbacks, run.signal);
    const filter = (severity: Severity, message: string): boolean => severity !== "error" || !isConsequence(deployment, message);
    let address = "";
    const server = await startServer((grpc) => {
        grpc.addService(monitorDefinition, monitorService({ deployment, callbacks, transforms, track, onSignal, address: () => address }));
        grpc.addService(engine.EngineService, engineService(deployment, filter));
    });
    ({ address } = server);
    try {
        const program = startProgram(run, {
            address,
            preview: deployment.preview,
            onLine: (line, stream) => reporter.diagnostic(stream === "stdout" ? "info" : "info#err", line, rootUrn(deployment)),
        });
        // Running steps may still need what the program serves: their hooks.
        const stop = async (): Promise<void> => {
            while (active.size) await Promise.all(active);
            setTimeout(() => program.stop(), GRACE_MS).unref();
        };
        const onAbort = (): void => void stop();
        if (run.signal.aborted) program.stop();
        run.signal.addEventListener("abort", onAbort, { once: true });
        try {
            const { code, signal } = await program.ended;
            // Steps go on when their program is gone: what they do has to be known.
            await Promise.all(active);
            await finished;
            if (deployment.canceled || (code === 0 && finished)) return;
            if (code === 0)
                reporter.diagnostic(
                    "error",
                    "The program ended before it had registered everything (did it call process.exit?). Nothing is deleted.",
                );
            else if (code !== EXIT_REPORTED || !reporter.failed) {
                reporter.diagnostic(
                    "error",
                    signal ? `The program was ended by ${signal}.` : `The program ended with exit code ${code ?? "?"}.`,
                );
            }
        } finally {
            run.signal.removeEventListener("abort", onAbort);
        }
    } finally {
        callbacks.close();
        await server.close();
    }
}

function rootUrn(deployment: Deployment): string | undefined {
    return deployment.asked.values().next().value;
}

/** Whether an error of the program only repeats that a resource failed, which has been reported with its reason. */
function isConsequence(deployment: Deployment, message: string): boolean {
    return deployment.reporter.failed && / \[[^\]]+\] failed to register|failed to read resource #/.test(message);
}

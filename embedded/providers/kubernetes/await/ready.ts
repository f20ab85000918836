import { at, numberAt } from "../manifest.ts";
import { condition, failed, isObserved, READY, waiting, type Condition, type Rule } from "./verdict.ts";

const because = (found: Condition): string => [found.reason, found.message].filter(Boolean).join(": ") || found.type;

/**
 * Kinds without a rule of their own, when PULUMI_K8S_AWAIT_ALL asks for them: ready unless the status says otherwise in
 * one of the usual ways, a generation that was not observed yet or the conditions Reconciling, Stalled, Ready and Available.
 */
export const anyKind: Rule = {
    judge(object) {
        if (object.metadata.deletionTimestamp) return waiting("to be gone: it is being deleted");
        if (numberAt(object, "status", "observedGeneration") && !isObserved(object)) return waiting("for the controller to take it up");
        const stalled = condition(object, "Stalled");
        if (stalled?.status === "True") return failed(`it is stalled: ${because(stalled)}`);
        const reconciling = condition(object, "Reconciling");
        if (reconciling?.status === "True") return waiting(`for it to be reconciled (${because(reconciling)})`);
        for (const type of ["Ready", "Available"]) {
            const found = condition(object, type);
            if (found && found.status !== "True") return waiting(`for the condition ${type}, now ${found.status} (${because(found)})`);
        }
        return READY;
    },
};

/** As a ReplicationController; only with PULUMI_K8S_AWAIT_ALL, because a Deployment's own are awaited with it. */
export const replicaSet: Rule = {
    judge(object) {
        if (!isObserved(object)) return waiting("for the controller to take it up");
        const replicas = at(object, "spec", "replicas");
        const count = typeof replicas === "number" ? replicas : 1;
        const failure = condition(object, "ReplicaFailure");
        const available = numberAt(object, "status", "availableReplicas");
        if (available >= count) return READY;
        return waiting(`${available} of ${count} pods available${failure?.status === "True" ? `: ${because(failure)}` : ""}`);
    },
};

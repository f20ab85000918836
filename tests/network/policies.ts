import { namespacesOf } from "../../components/namespaces/namespaces.ts";
import type { ApiServer, NetworkFacts } from "../../components/network/facts.ts";
import { networkOf, type Network } from "../../components/network/flows.ts";
import { policiesOf } from "../../components/network/policies.ts";
import type { PlacedPolicy } from "./evaluator.ts";

/** The policies of every namespace of a platform. */
export function placed(facts: NetworkFacts, apiServer: ApiServer, network: Network = networkOf(facts)): PlacedPolicy[] {
    return Object.values(namespacesOf(facts.features)).flatMap((namespace) =>
        policiesOf(namespace, network, apiServer).map(({ name, spec }) => ({ namespace, name, spec })),
    );
}

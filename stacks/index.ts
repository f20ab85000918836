import { embeddedTopology, type EmbeddedSettings } from "./embedded.ts";
import { existingTopology, type ExistingSettings } from "./existing.ts";
import { k3sTopology, type K3sSettings } from "./k3s.ts";
import { kindTopology, type KindSettings } from "./kind.ts";
import { minikubeTopology, type MinikubeSettings } from "./minikube.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** The settings of any topology, told apart by `kind`. */
export type TopologySettings = EmbeddedSettings | KindSettings | MinikubeSettings | K3sSettings | ExistingSettings;

/** The topology that the settings ask for. */
export function topologyOf(settings: TopologySettings, context: TopologyContext): Topology {
    switch (settings.kind) {
        case "embedded":
            return embeddedTopology(settings, context);
        case "kind":
            return kindTopology(settings, context);
        case "minikube":
            return minikubeTopology(settings, context);
        case "k3s":
            return k3sTopology(settings, context);
        case "existing":
            return existingTopology(settings, context);
    }
}

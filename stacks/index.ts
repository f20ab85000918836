import { embeddedTopology, type EmbeddedSettings } from "./embedded.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** The settings of any topology, told apart by `kind`. */
export type TopologySettings = EmbeddedSettings;

/** The topology that the settings ask for. */
export function topologyOf(settings: TopologySettings, context: TopologyContext): Topology {
    switch (settings.kind) {
        case "embedded":
            return embeddedTopology(settings, context);
    }
}

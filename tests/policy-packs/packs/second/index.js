/** A second pack, which configures itself. */
import { PolicyPack, Secret } from "@pulumi/policy";

// oxlint-disable-next-line no-new -- a pack serves from its construction on
new PolicyPack(
    "second",
    {
        enforcementLevel: "mandatory",
        policies: [
            {
                name: "after-the-first",
                description: "Mends what the first pack left.",
                remediateResource: ({ props }) => {
                    if (props.value !== "mended") return undefined;
                    props.value = "mended twice";
                    props.token = new Secret("set by the second pack");
                    return props;
                },
            },
            {
                name: "configured",
                description: "Tells its configuration.",
                configSchema: { properties: { word: { type: "string" } }, required: ["word"] },
                validateResource: ({ props, getConfig }, report) => {
                    if (props.ask === "limit") report(JSON.stringify(getConfig()));
                },
            },
        ],
    },
    { all: "advisory", "after-the-first": "remediate", configured: { word: "initial" } },
);

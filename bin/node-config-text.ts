import { shellQuote, type NodeFile, type NodePlan, type RegistryPlan, type Verification } from "../stacks/node-registry/index.ts";

/** What the text says beside the plan. */
export interface Heading {
    readonly stack: string;
    /** Hosts in image references, and where nodes reach them. */
    readonly names: readonly string[];
    readonly url: string;
}

const indent = (text: string, by: string) => text.replace(/^(?=.)/gm, by);

/** Every line behind a bar, empty ones too, so that a file can be told from what is said about it. */
const barred = (text: string) => text.trimEnd().replace(/^/gm, "    | ").replace(/ +$/gm, "");

const HOW: Readonly<Record<NodeFile["kind"], string>> = {
    file: "",
    block: ", these lines between their markers, the rest as it is",
    merge: ", added to what is there",
};

function fileText({ path, mode, kind, content }: NodeFile, stack: string): string {
    if ("output" in content)
        return `${path} (${mode}), while the first \`up\` waits for the nodes, or after it:\n    $ ${content.early}\n    $ npm run --silent stack -- output ${content.output} --stack ${shellQuote(stack)}\n`;
    return `${path} (${mode}${HOW[kind]}):\n${barred(content.text)}\n`;
}

/** A command as it is typed outside of the node. */
const typed = (within: readonly string[] | undefined, command: string): string =>
    within === undefined
        ? command
        : `${within.map(shellQuote).join(" ")} ${/^[\w./:@%+=,' {}\\-]+$/.test(command) ? command : `sh -c ${shellQuote(command)}`}`;

const checkText = (within: readonly string[] | undefined, { command, expect }: Verification) =>
    `$ ${typed(within, command)}\n  → ${expect}\n`;

function planText({ within, notes, files, commands, verify }: NodePlan, stack: string): string {
    const where = within && files.length ? [`Files are written with \`${within.map(shellQuote).join(" ")} sh -c 'cat > FILE'\`.\n`] : [];
    const parts = [
        ...notes.map((note) => `${note}\n`),
        ...where,
        ...files.map((file) => fileText(file, stack)),
        ...(commands.length ? [`Then:\n${commands.map((command) => `    $ ${typed(within, command)}\n`).join("")}`] : []),
        ...(verify.length ? [`To see that it works:\n${verify.map((check) => indent(checkText(within, check), "    ")).join("")}`] : []),
    ];
    return parts.map((part) => indent(part, "  ")).join("\n");
}

/** Nodes that are told the same are named together. */
function groups(nodes: readonly NodePlan[]): Map<string, NodePlan[]> {
    const grouped = new Map<string, NodePlan[]>();
    for (const plan of nodes) {
        const { node: _, ...same } = plan;
        const key = JSON.stringify(same);
        grouped.set(key, [...(grouped.get(key) ?? []), plan]);
    }
    return grouped;
}

/** The instructions for people, the same text for the same plan. */
export function planAsText({ warnings, before, nodes }: RegistryPlan, { stack, names, url }: Heading): string {
    const head = `Stack ${stack}: how nodes find ${names.join(", ")}, which they reach at ${url}.\n`;
    const first = before ? [`${before.node}, before the nodes are there\n\n${planText(before, stack)}`] : [];
    const rest = [...groups(nodes).values()].map((plans) => {
        const [plan] = plans;
        return `${plans.map(({ node }) => node).join(", ")}\n\n${plan ? planText(plan, stack) : ""}`;
    });
    return [head, ...warnings.map((warning) => `Warning: ${warning}\n`), ...first, ...rest].join("\n");
}

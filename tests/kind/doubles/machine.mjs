// A double of the programs `docker`, `podman` and `kind`, told apart by the name it is called under. What they would have
// made is in a JSON file ($DOUBLE_MACHINE), where tests put what should be there and find what was asked.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";

const file = process.env.DOUBLE_MACHINE;
const lock = `${file}.lock`;
const called = basename(process.argv[1]);
const args = process.argv.slice(2);

/** Several are called at once: each has the file for itself. */
for (;;) {
    try {
        mkdirSync(lock);
        break;
    } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
}
const machine = JSON.parse(readFileSync(file, "utf8"));
const stdin = args.includes("--interactive") || args.includes("--config=-") ? readFileSync(0, "utf8") : "";
machine.calls.push([called, ...args]);
if (called === "kind") machine.kindProviders.push(process.env.KIND_EXPERIMENTAL_PROVIDER ?? "");
const end = (code, out = "", err = "") => {
    writeFileSync(file, JSON.stringify(machine));
    rmSync(lock, { recursive: true });
    if (out) process.stdout.write(`${out}\n`);
    if (err) process.stderr.write(`${err}\n`);
    process.exit(code);
};
const option = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const labelsOf = () =>
    Object.fromEntries(
        args
            .flatMap((arg, i) => (arg.startsWith("--label=") ? [arg.slice(8)] : arg === "--label" ? [args[i + 1]] : []))
            .map((label) => label.split(/=(.*)/s, 2)),
    );
const find = (name) => machine.containers.find((one) => one.name === name || one.id === name);
const make = (name, labels, network) => {
    const one = { id: `${name}-${++machine.made}`, name, running: true, labels, network, files: {} };
    machine.containers.push(one);
    return one;
};
/** Ends a process; its port is free when the engine answers, as it is with a real one: no thread of it holds it any more. */
const endProcess = (pid) => {
    process.kill(pid, "SIGKILL");
    const threads = () => (existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`).length : 0);
    while (threads() > 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); // the last one's files
};
const remove = (one) => {
    if (one.pid) endProcess(one.pid);
    machine.containers = machine.containers.filter((other) => other !== one);
};

function kind() {
    if (machine.kindFails && args[0] === "create") {
        make(`${option("name")}-control-plane`, { "io.x-k8s.kind.cluster": option("name") }, "kind");
        end(1, "", `Creating cluster "${option("name")}" ...\nERROR: ${machine.kindFails}`);
    }
    const name = option("name") ?? args[args.indexOf("--name") + 1];
    const kubeconfig = option("kubeconfig") ?? args[args.indexOf("--kubeconfig") + 1];
    switch (args.slice(0, 2).join(" ")) {
        case "version":
            return end(0, "kind v0.33.0 (a double)");
        case "create cluster": {
            machine.config = JSON.parse(stdin);
            machine.networks.kind ??= ["172.18.0.0/16", "fc00::/64"];
            machine.config.nodes.forEach(({ role }, i) => {
                const node = `${name}-${role}${i > 1 ? i : ""}`;
                make(node, { "io.x-k8s.kind.cluster": name }, "kind");
                // As kind does under podman: a volume with a name of its own, labelled with the node's.
                if (process.env.KIND_EXPERIMENTAL_PROVIDER === "podman") machine.volumes[`var-of-${node}`] = { [node]: "true" };
            });
            mkdirSync(dirname(kubeconfig), { recursive: true });
            writeFileSync(kubeconfig, "kind: Config\n");
            return end(0, "", " ✓ Preparing nodes");
        }
        case "get nodes":
            return end(
                0,
                machine.kindListsNothing
                    ? ""
                    : machine.containers
                          .filter((one) => one.labels["io.x-k8s.kind.cluster"] === name)
                          .map((one) => one.name)
                          .join("\n"),
            );
        case "export kubeconfig":
            return end(0);
        case "delete cluster":
            for (const one of machine.containers.filter(({ labels }) => labels["io.x-k8s.kind.cluster"] === name)) remove(one);
            return end(0);
    }
}

/** What `inspect` prints: Docker puts a slash before names. */
const inspected = (one) => ({
    Id: one.id,
    Name: called === "docker" ? `/${one.name}` : one.name,
    State: { Running: one.running },
    Config: { Labels: one.labels },
    NetworkSettings: { Networks: { [one.network]: {} } },
});

function engine() {
    const [verb, noun] = args;
    const last = args.at(-1);
    if (machine.daemonDown) end(1, "", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?");
    switch (verb) {
        case "info":
            return end(0, "ok");
        case "ps": {
            const [key, value] = option("filter").slice("label=".length).split("=");
            return end(
                0,
                machine.containers
                    .filter(({ labels }) => labels[key] === value)
                    .map(({ id }) => id)
                    .join("\n"),
            );
        }
        case "container": {
            const found = args.slice(2).map(find);
            return end(found.every(Boolean) ? 0 : 1, JSON.stringify(found.filter(Boolean).map(inspected)));
        }
        case "image":
            return machine.images.includes(last) ? end(0, "[{}]") : end(1, "[]", `Error: No such image: ${last}`);
        case "pull":
            if (machine.offline)
                end(
                    1,
                    "",
                    `Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host`,
                );
            machine.images.push(last);
            return end(0);
        case "load":
            machine.images.push("localhost/mcp-platform/registry:3.0.0");
            return end(0);
        case "volume":
            if (noun === "ls")
                return end(
                    0,
                    Object.entries(machine.volumes)
                        .filter(([, labels]) => option("filter").slice("label=".length) in labels)
                        .map(([name]) => name)
                        .join("\n"),
                );
            if (noun === "create") machine.volumes[last] = labelsOf();
            else if (!machine.volumes[last]) end(1, "[]", `Error: no such volume: ${last}`);
            else if (noun === "rm") for (const name of args.slice(2)) delete machine.volumes[name];
            return end(0, noun === "inspect" ? JSON.stringify([{ Labels: machine.volumes[last] }]) : "");
        case "network": {
            const ranges = machine.networks[last];
            if (!ranges) end(1, "[]", `Error: network ${last} not found`);
            if (noun === "rm") {
                if (machine.containers.some(({ network }) => network === last)) end(1, "", `Error: network ${last} has active endpoints`);
                delete machine.networks[last];
                return end(0);
            }
            return end(
                0,
                JSON.stringify([
                    called === "docker"
                        ? { IPAM: { Config: ranges.map((Subnet) => ({ Subnet })) } }
                        : { subnets: ranges.map((subnet) => ({ subnet })) },
                ]),
            );
        }
        case "run": {
            const one = make(option("name"), labelsOf(), option("network"));
            const [address, port] = option("publish").split(":");
            const answering = `require("http").createServer((_, a) => a.end("{}")).listen(${port}, ${JSON.stringify(address)})`;
            const child = spawn(process.execPath, ["-e", answering], { detached: true, stdio: "ignore" });
            child.unref();
            one.pid = child.pid;
            return end(0, one.id);
        }
        case "start":
            for (const one of args.slice(1).map(find)) one.running = true;
            return end(0);
        case "rm":
            if (find(last)) remove(find(last));
            return end(0);
        case "exec": {
            const one = args.map(find).find(Boolean);
            const path = /cat > '?([^;']+)'?;/.exec(last)?.[1];
            if (path) one.files[path] = stdin;
            return end(0);
        }
    }
    end(125, "", `the double has no ${args.join(" ")}`);
}

if (!existsSync(file)) end(1, "", "the double has no machine");
(called === "kind" ? kind : engine)();

import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { Upstream } from "../../operator/gateway/upstream.ts";

let pod: Server;
const upstream = new Upstream(1000);

beforeAll(async () => {
    pod = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(pod, "listening");
});
afterAll(() => {
    upstream.close();
    pod.close();
});

it("lets a request be given up between its connection and its answer, as when the client has gone", async () => {
    const endpoint = { address: "127.0.0.1", port: (pod.address() as AddressInfo).port, ready: true, tag: "pod" };
    const request = await upstream.connect({ endpoint, method: "POST", path: "/mcp", headers: ["host", "everything"] });
    const ended = new Promise<string>((resolve) => request.on("close", () => resolve("ended")));
    request.destroy();
    // An error that nobody listens to would end the gateway, and here keep the request from closing.
    expect(await ended).toBe("ended");
}, 5000);

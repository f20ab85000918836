import { createServer } from "node:net";

/** Asks the system for `count` different free ports on the loopback address. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = await Promise.all(
        Array.from({ length: count }, async () => {
            const server = createServer();
            await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
            return server;
        }),
    );
    const ports = servers.map((server) => {
        const address = server.address();
        if (address === null || typeof address === "string") throw new Error("a TCP server has an address with a port");
        return address.port;
    });
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    return ports;
}

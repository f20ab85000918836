/** Functions of the program that the engine calls: transforms and hooks. The program serves them on a port of its own. */
import { credentials, status } from "@grpc/grpc-js";
import grpc from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import proto, { type Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import { messageLimits } from "./server.ts";

/** Calls the functions of one program. */
export class Callbacks {
    readonly #clients = new Map<string, InstanceType<typeof grpc.CallbacksClient>>();

    /**
     * Calls one function and returns its answer, as bytes.
     * @param signal aborted when the answer is not waited for any longer
     * @throws Error with the message of what the function threw
     */
    async call(callback: Callback, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
        const call = new proto.CallbackInvokeRequest();
        call.setToken(callback.getToken());
        call.setRequest(request);
        const client = this.#client(callback.getTarget());
        return await new Promise((resolve, reject) => {
            const sent = client.invoke(call, (error, response) => {
                signal?.removeEventListener("abort", cancel);
                if (!error) resolve(response.getResponse_asU8());
                else if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED)
                    reject(new Error("the program ended before it answered", { cause: error }));
                else reject(new Error(error.details, { cause: error }));
            });
            const cancel = (): void => sent.cancel();
            signal?.addEventListener("abort", cancel, { once: true });
        });
    }

    #client(target: string): InstanceType<typeof grpc.CallbacksClient> {
        let client = this.#clients.get(target);
        if (!client) {
            client = new grpc.CallbacksClient(target, credentials.createInsecure(), messageLimits);
            this.#clients.set(target, client);
        }
        return client;
    }

    close(): void {
        for (const client of this.#clients.values()) client.close();
    }
}

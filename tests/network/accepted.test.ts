import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { NAMESPACES } from "../../components/namespaces/names.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { apiOf, type Api } from "../program/api.ts";
import { SCENARIOS } from "./expectation.ts";
import { placed } from "./policies.ts";

const describeApi = await describeWithApiServer();

describeApi("a real API server", () => {
    let server: ApiServer;
    let api: Api;

    beforeAll(async () => {
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        for (const name of Object.values(NAMESPACES))
            await api.request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }, 120_000);
    afterAll(async () => {
        api?.close();
        await server?.stop();
    });

    test.each(Object.entries(SCENARIOS))(
        "takes every policy of the platform %s as it is, without a warning",
        async (_, { facts, apiServer }) => {
            for (const { namespace, name, spec } of placed(facts, apiServer)) {
                const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec };
                const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies?dryRun=All&fieldValidation=Strict`;
                const { status, warnings, body } = await api.request("POST", path, policy);
                expect({ namespace, name, status, warnings, message: body["message"] }).toEqual({
                    namespace,
                    name,
                    status: 201,
                    warnings: [],
                    message: undefined,
                });
                // Nothing that is written is dropped or filled in.
                expect(body["spec"]).toEqual(JSON.parse(JSON.stringify(spec)));
            }
        },
    );
});

/** Generated values of the built-in providers, passed from one to the other. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

const password = new random.RandomPassword("password", { length: 24 });
const name = new random.RandomString("name", { length: 8, special: false });
const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const certificate = new tls.SelfSignedCert("certificate", {
    privateKeyPem: key.privateKeyPem,
    subject: { commonName: name.result },
    validityPeriodHours: 24,
    allowedUses: ["server_auth"],
});
const told = new command.local.Command("told", { create: "cat", stdin: pulumi.interpolate`${password.result}`, logging: "none" });

export const result = password.result;
export const pem = certificate.certPem;
export const heard = told.stdout;

/** Tests run the TypeScript sources as Node does, with the types stripped: one semantics for tests and for production. */
export default {
    testEnvironment: "node",
    testMatch: ["<rootDir>/tests/**/*.test.ts"],
    extensionsToTreatAsEsm: [".ts"],
    transform: { "\\.ts$": "<rootDir>/tests/support/strip-types.mjs" },
    moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json", "node"],
    modulePathIgnorePatterns: ["<rootDir>/.state"],
    testTimeout: 60_000,
};

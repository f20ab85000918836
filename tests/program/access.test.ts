import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { OPERATOR_RULES } from "../../components/operator/access.ts";

test("the operator gets the rights that it was tested with, and no other", () => {
    const { rules } = JSON.parse(readFileSync(new URL("../../operator/rbac.json", import.meta.url), "utf8")) as { rules: unknown };
    expect(OPERATOR_RULES).toEqual(rules);
});

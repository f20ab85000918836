/** Outputs of another stack, and whether an object is there. */
import * as pulumi from "@pulumi/pulumi";
import { existsResource } from "@pulumi/pulumi/runtime/resource.js";

const other = new pulumi.StackReference("organization/test/other");
export const url = other.requireOutput("url");
export const token = other.getOutput("token");
export const there = existsResource("double:index:Thing", "nowhere");

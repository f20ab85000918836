module mcp-platform/embedded/node-init

go 1.26

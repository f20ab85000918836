module mcp-platform/tests/network-probe

go 1.26

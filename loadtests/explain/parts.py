"""The parts that the time of a call is divided into, with their labels in the report."""

GATEWAY, AUTHORIZER, OWN, JSON, STORES, TRANSACTION, HOPS, COLD = (
    "gateway", "authorizer", "own code", "serialising", "stores", "transaction", "hops", "cold start",
)  # fmt: skip
PARTS = {
    GATEWAY: "gateway, server and network",
    AUTHORIZER: "authorizer",
    OWN: "own code",
    JSON: "serialising",
    STORES: "stores",
    TRANSACTION: "transaction",
    HOPS: "calls of other functions",
    COLD: "cold start",
}

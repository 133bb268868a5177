"""The work in the trace "app": a service's morning. Builds records, indexes, serialises, parses, and queries."""

import json

N = 2500

records = {
    f"user-{i:06d}": {
        "id": i,
        "name": f"Person {i * 7919 % N}",
        "tags": [f"t{i % 17}", f"t{i % 29}"],
        "scores": {"a": i * 31 % 997, "b": i / 7},
    }
    for i in range(N)
}
text = json.dumps(records)
again = json.loads(text)
by_tag: dict[str, list[str]] = {}
for key, record in again.items():
    for tag in record["tags"]:
        by_tag.setdefault(tag, []).append(key)
ranking = sorted(again, key=lambda key: again[key]["scores"]["a"])
for key in ranking[: N // 2]:
    del records[key]
cache = {key: json.dumps(again[key]) for key in ranking[::3]}
total = sum(records[key]["id"] for key in ranking[N // 2 :])
print(len(text), len(by_tag), len(cache), total)

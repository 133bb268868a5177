"""Events as the core sees them: the columns of one batch of a trace."""

from zswap_replay.lib.columns import Column


class Events:
    """Columns of equal length, one item an event, as a Batch of the trace has them."""

    def __init__(
        self,
        time_ns: Column,
        event: Column,
        memcg: Column,
        page: Column,
        count: Column,
        node: Column,
        content: Column,
        has_content: Column,
    ) -> None:
        self.time_ns = time_ns
        self.event = event
        self.memcg = memcg
        self.page = page
        self.count = count
        self.node = node
        self.content = content
        self.has_content = has_content
        self.size = len(event)

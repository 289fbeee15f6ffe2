"""The replayed allocator, on sequences whose outcome its rules fix."""

from lintune.dryrun.trace.allocator import CachingAllocator

MIB = 1 << 20


def test_blocks_are_rounded_and_small_ones_share_a_segment() -> None:
    allocator = CachingAllocator()
    allocator.malloc(0, 1)
    allocator.malloc(1, 513)
    assert allocator.allocated == 512 + 1024
    assert allocator.reserved == 2 * MIB


def test_middle_blocks_come_from_20_mib_and_large_ones_from_their_own() -> None:
    allocator = CachingAllocator()
    allocator.malloc(0, 3 * MIB)
    allocator.malloc(1, 3 * MIB)
    assert allocator.reserved == 20 * MIB
    allocator.malloc(2, 21 * MIB)
    assert allocator.reserved == 42 * MIB


def test_freed_neighbours_merge_and_serve_again() -> None:
    allocator = CachingAllocator()
    for number in range(3):
        allocator.malloc(number, 6 * MIB)
    for number in (0, 2, 1):
        allocator.free(number)
    allocator.malloc(3, 19 * MIB + MIB // 2)
    assert allocator.reserved == 20 * MIB
    assert allocator.most_allocated == 20 * MIB  # a rest below 1 MiB is not split off


def test_a_free_segment_that_is_too_small_fragments() -> None:
    allocator, expandable = CachingAllocator(), CachingAllocator(expandable=True)
    for each in (allocator, expandable):
        each.malloc(0, 100 * MIB)
        each.free(0)
        each.malloc(1, 120 * MIB)
    assert allocator.reserved == 220 * MIB
    assert expandable.reserved == 120 * MIB


def test_empty_blocks_take_nothing() -> None:
    allocator = CachingAllocator()
    allocator.malloc(0, 0)
    allocator.free(0)
    assert allocator.reserved == allocator.allocated == 0

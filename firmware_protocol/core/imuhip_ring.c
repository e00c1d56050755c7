#include "imuhip_ring.h"

void imuhip_ring_init(struct imuhip_ring *ring, struct imuhip_slot *slots, uint32_t capacity)
{
    ring->slots = slots;
    ring->capacity = capacity;
    imuhip_ring_clear(ring);
}

void imuhip_ring_clear(struct imuhip_ring *ring)
{
    ring->head = 0;
    ring->held = 0;
    ring->next_seq = 0;
    ring->newest_us = 0;
}

void imuhip_ring_push(struct imuhip_ring *ring, uint64_t time_us, const int16_t counts[6])
{
    struct imuhip_slot *slot = &ring->slots[ring->head];
    slot->time_low_us = (uint32_t)time_us;
    for (int axis = 0; axis < 6; axis++) {
        slot->counts[axis] = counts[axis];
    }
    ring->head = ring->head + 1 == ring->capacity ? 0 : ring->head + 1;
    ring->held += ring->held < ring->capacity;
    ring->next_seq++;
    ring->newest_us = time_us;
}

uint32_t imuhip_ring_oldest(const struct imuhip_ring *ring)
{
    return ring->next_seq - ring->held;
}

bool imuhip_ring_holds(const struct imuhip_ring *ring, uint32_t seq)
{
    /* Numbers wrap, so their distance is compared: 1 for the newest sample. */
    const uint32_t back = ring->next_seq - seq;
    return back >= 1 && back <= ring->held;
}

static const struct imuhip_slot *slot_of(const struct imuhip_ring *ring, uint32_t seq)
{
    const uint32_t back = ring->next_seq - seq;
    return &ring->slots[back <= ring->head ? ring->head - back : ring->head + ring->capacity - back];
}

const int16_t *imuhip_ring_counts(const struct imuhip_ring *ring, uint32_t seq)
{
    return slot_of(ring, seq)->counts;
}

uint64_t imuhip_ring_time_us(const struct imuhip_ring *ring, uint32_t seq)
{
    return ring->newest_us - (uint32_t)((uint32_t)ring->newest_us - slot_of(ring, seq)->time_low_us);
}

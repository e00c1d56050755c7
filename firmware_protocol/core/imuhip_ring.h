/* The newest samples, sent or not: what waits for the radio, and what can be back-filled.
 *
 * Memory comes from the caller: 16 bytes a sample, 1000 slots for 10 s at 100 Hz.
 */
#ifndef IMUHIP_RING_H
#define IMUHIP_RING_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct imuhip_slot {
    uint32_t time_low_us; /* the lower half of the sensor clock; the ring spans less than 71 min */
    int16_t counts[6];    /* acceleration x, y, z, angular rate x, y, z */
};

struct imuhip_ring {
    struct imuhip_slot *slots;
    uint32_t capacity;
    uint32_t head;      /* where the next sample goes */
    uint32_t held;      /* samples in the ring */
    uint32_t next_seq;  /* number of the next sample, modulo 2^32 */
    uint64_t newest_us; /* sensor clock at the newest sample */
};

/* `capacity` is at least 1. */
void imuhip_ring_init(struct imuhip_ring *ring, struct imuhip_slot *slots, uint32_t capacity);

/* Forget all samples; the next one is number 0. */
void imuhip_ring_clear(struct imuhip_ring *ring);

/* Take a sample; the oldest one goes when the ring is full. */
void imuhip_ring_push(struct imuhip_ring *ring, uint64_t time_us, const int16_t counts[6]);

/* Number of the oldest sample held; `next_seq` of an empty ring. */
uint32_t imuhip_ring_oldest(const struct imuhip_ring *ring);

bool imuhip_ring_holds(const struct imuhip_ring *ring, uint32_t seq);

/* Of a number that is held. */
const int16_t *imuhip_ring_counts(const struct imuhip_ring *ring, uint32_t seq);
uint64_t imuhip_ring_time_us(const struct imuhip_ring *ring, uint32_t seq);

#ifdef __cplusplus
}
#endif
#endif

/* Bytes of the imuhip sensor protocol, version 1: what specification.md lays down, and no more.
 *
 * C99, no allocation, no operating system, no floating point. Numbers travel little-endian whatever
 * the processor. Section numbers in comments are those of ../specification.md.
 */
#ifndef IMUHIP_WIRE_H
#define IMUHIP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMUHIP_PROTOCOL_MAJOR 1
#define IMUHIP_PROTOCOL_MINOR 2

#define IMUHIP_HEADER_BYTES 16u
#define IMUHIP_SAMPLE_BYTES 12u
#define IMUHIP_TRAILER_BYTES 3u
#define IMUHIP_CONFIG_BYTES 9u
#define IMUHIP_INFO_BYTES 23u /* and 2 for each rate */
#define IMUHIP_SYNC_REQUEST_BYTES 9u
#define IMUHIP_SYNC_REPLY_BYTES 13u
#define IMUHIP_REPLY_BYTES (3u + IMUHIP_CONFIG_BYTES) /* the longest reply */
#define IMUHIP_LARGEST_MTU 247u
#define IMUHIP_LARGEST_PACKET_BYTES (IMUHIP_LARGEST_MTU - 3u)
#define IMUHIP_UNKNOWN_AGE 0xFFFFu

enum imuhip_capability { /* section 3 */
    IMUHIP_CAP_GYRO = 1,
    IMUHIP_CAP_ACC = 2,
    IMUHIP_CAP_MAG = 4,
    IMUHIP_CAP_QUATERNION = 8,
    IMUHIP_CAP_BACK_FILL = 16,
    IMUHIP_CAP_SYNC = 32,
    IMUHIP_CAP_DITHER = 64,
    IMUHIP_CAP_OFF = 128,
    IMUHIP_CAP_BOND = 256
};

enum imuhip_operation { /* section 4 */
    IMUHIP_OP_GET_CONFIG = 1,
    IMUHIP_OP_SET_CONFIG = 2,
    IMUHIP_OP_START = 3,
    IMUHIP_OP_STOP = 4,
    IMUHIP_OP_IDENTIFY = 5,
    IMUHIP_OP_OFF = 6,
    IMUHIP_OP_BACK_FILL = 7,
    IMUHIP_OP_SET_TIME_HINT = 8
};

enum imuhip_status { /* section 4 */
    IMUHIP_OK = 0,
    IMUHIP_UNKNOWN_OPERATION = 1,
    IMUHIP_BAD_LENGTH = 2,
    IMUHIP_BAD_RATE = 3,
    IMUHIP_BAD_ACC_RANGE = 4,
    IMUHIP_BAD_GYRO_RANGE = 5,
    IMUHIP_BAD_FIELDS = 6,
    IMUHIP_BAD_BATCH = 7,
    IMUHIP_MTU_TOO_SMALL = 8,
    IMUHIP_WRONG_STATE = 9,
    IMUHIP_NOT_SUPPORTED = 10,
    IMUHIP_NOT_SUBSCRIBED = 11,
    IMUHIP_HARDWARE_FAULT = 12
};

enum imuhip_flag { /* section 5 */
    IMUHIP_FLAG_CLIP_ACC = 1,
    IMUHIP_FLAG_CLIP_GYRO = 2,
    IMUHIP_FLAG_OVERFLOW = 4,
    IMUHIP_FLAG_LOW_BATTERY = 8,
    IMUHIP_FLAG_BACK_FILLED = 16
};

/* Answer to a write, as the Attribute protocol numbers its errors. */
enum imuhip_att {
    IMUHIP_ATT_OK = 0x00,
    IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION = 0x05,
    IMUHIP_ATT_INVALID_LENGTH = 0x0D,
    IMUHIP_ATT_NOT_CONFIGURED = 0xFD,
    IMUHIP_ATT_BUSY = 0xFE
};

struct imuhip_config {
    uint16_t rate_hz;
    uint16_t acc_range_g;
    uint16_t gyr_range_dps;
    uint8_t fields;
    uint8_t batch_samples; /* 0: the sensor chooses */
    uint8_t dither_ms;     /* 0: none */
};

struct imuhip_identity {
    uint16_t firmware; /* major * 256 + minor */
    uint8_t unique_id[8];
    uint16_t capabilities; /* bits of imuhip_capability */
    uint32_t clock_hz;
    const uint16_t *rates_hz;
    uint8_t n_rates;
};

struct imuhip_packet_head {
    uint32_t seq;     /* number of the first sample */
    uint64_t time_us; /* sensor clock at the first sample; 48 bits travel */
    uint16_t dt_us;
    uint16_t age_us; /* IMUHIP_UNKNOWN_AGE when longer or unknown */
    uint8_t flags;
};

/* CRC-16/CCITT-FALSE: "123456789" gives 0x29B1. */
uint16_t imuhip_crc16(const uint8_t *data, size_t length);

uint16_t imuhip_get_u16(const uint8_t *from);
uint32_t imuhip_get_u32(const uint8_t *from);
uint64_t imuhip_get_u64(const uint8_t *from);
void imuhip_put_u16(uint8_t *to, uint16_t value);
void imuhip_put_u32(uint8_t *to, uint32_t value);
void imuhip_put_u48(uint8_t *to, uint64_t value);

/* How many samples one notification carries at an ATT MTU; 0 below 34. */
uint8_t imuhip_samples_that_fit(uint16_t mtu);

/* A packet is made in two steps, so that its age can be read last: samples at their places, then
 * header, flags and checksum around them. `packet` holds at least 19 + 12 n bytes. */
void imuhip_put_sample(uint8_t *packet, uint8_t index, const int16_t counts[6]);
/* Returns the packet's length. `head.flags` is sent as it is. */
size_t imuhip_close_packet(uint8_t *packet, uint8_t n_samples, const struct imuhip_packet_head *head);

void imuhip_put_config(uint8_t *to, const struct imuhip_config *config);
void imuhip_get_config(const uint8_t *from, struct imuhip_config *config);

/* Writes the info characteristic; returns its length, or 0 when `capacity` is too small. */
size_t imuhip_put_info(uint8_t *to, size_t capacity, const struct imuhip_identity *identity,
                       const struct imuhip_config *config);

/* Writes a sync reply of 13 bytes. */
void imuhip_put_sync_reply(uint8_t *to, uint8_t id, uint64_t received_us, uint64_t sent_us);

#ifdef __cplusplus
}
#endif
#endif

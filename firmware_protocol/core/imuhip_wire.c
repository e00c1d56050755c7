#include "imuhip_wire.h"

/* One entry per half byte: 32 bytes of flash, and 18 samples take some 60 us at 64 MHz. */
static const uint16_t crc_of_nibble[16] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
    0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
};

uint16_t imuhip_crc16(const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc = (uint16_t)((uint32_t)crc << 4 ^ crc_of_nibble[(crc >> 12 ^ data[i] >> 4) & 15]);
        crc = (uint16_t)((uint32_t)crc << 4 ^ crc_of_nibble[(crc >> 12 ^ data[i]) & 15]);
    }
    return crc;
}

static uint64_t get(const uint8_t *from, size_t n_bytes)
{
    uint64_t value = 0;
    for (size_t i = n_bytes; i > 0; i--) {
        value = value << 8 | from[i - 1];
    }
    return value;
}

static void put(uint8_t *to, uint64_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

uint16_t imuhip_get_u16(const uint8_t *from)
{
    return (uint16_t)get(from, 2);
}

uint32_t imuhip_get_u32(const uint8_t *from)
{
    return (uint32_t)get(from, 4);
}

uint64_t imuhip_get_u64(const uint8_t *from)
{
    return get(from, 8);
}

void imuhip_put_u16(uint8_t *to, uint16_t value)
{
    put(to, value, 2);
}

void imuhip_put_u32(uint8_t *to, uint32_t value)
{
    put(to, value, 4);
}

void imuhip_put_u48(uint8_t *to, uint64_t value)
{
    put(to, value, 6);
}

uint8_t imuhip_samples_that_fit(uint16_t mtu)
{
    const uint16_t overhead = 3u + IMUHIP_HEADER_BYTES + IMUHIP_TRAILER_BYTES;
    if (mtu > IMUHIP_LARGEST_MTU) {
        mtu = IMUHIP_LARGEST_MTU;
    }
    return mtu < overhead ? 0 : (uint8_t)((mtu - overhead) / IMUHIP_SAMPLE_BYTES);
}

void imuhip_put_sample(uint8_t *packet, uint8_t index, const int16_t counts[6])
{
    uint8_t *to = packet + IMUHIP_HEADER_BYTES + (size_t)index * IMUHIP_SAMPLE_BYTES;
    for (size_t axis = 0; axis < 6; axis++) {
        imuhip_put_u16(to + 2 * axis, (uint16_t)counts[axis]);
    }
}

size_t imuhip_close_packet(uint8_t *packet, uint8_t n_samples, const struct imuhip_packet_head *head)
{
    const size_t flags_at = IMUHIP_HEADER_BYTES + (size_t)n_samples * IMUHIP_SAMPLE_BYTES;
    packet[0] = IMUHIP_PROTOCOL_MAJOR << 4 | 3; /* acceleration and angular rate */
    packet[1] = n_samples;
    imuhip_put_u32(packet + 2, head->seq);
    imuhip_put_u48(packet + 6, head->time_us);
    imuhip_put_u16(packet + 12, head->dt_us);
    imuhip_put_u16(packet + 14, head->age_us);
    packet[flags_at] = head->flags;
    imuhip_put_u16(packet + flags_at + 1, imuhip_crc16(packet, flags_at + 1));
    return flags_at + IMUHIP_TRAILER_BYTES;
}

void imuhip_put_config(uint8_t *to, const struct imuhip_config *config)
{
    imuhip_put_u16(to, config->rate_hz);
    imuhip_put_u16(to + 2, config->acc_range_g);
    imuhip_put_u16(to + 4, config->gyr_range_dps);
    to[6] = config->fields;
    to[7] = config->batch_samples;
    to[8] = config->dither_ms;
}

void imuhip_get_config(const uint8_t *from, struct imuhip_config *config)
{
    config->rate_hz = imuhip_get_u16(from);
    config->acc_range_g = imuhip_get_u16(from + 2);
    config->gyr_range_dps = imuhip_get_u16(from + 4);
    config->fields = from[6];
    config->batch_samples = from[7];
    config->dither_ms = from[8];
}

size_t imuhip_put_info(uint8_t *to, size_t capacity, const struct imuhip_identity *identity,
                       const struct imuhip_config *config)
{
    const size_t length = IMUHIP_INFO_BYTES + 2u * identity->n_rates;
    if (capacity < length) {
        return 0;
    }
    to[0] = IMUHIP_PROTOCOL_MAJOR;
    to[1] = IMUHIP_PROTOCOL_MINOR;
    imuhip_put_u16(to + 2, identity->firmware);
    for (size_t i = 0; i < 8; i++) {
        to[4 + i] = identity->unique_id[i];
    }
    imuhip_put_u16(to + 12, identity->capabilities);
    imuhip_put_u32(to + 14, identity->clock_hz);
    imuhip_put_u16(to + 18, config->acc_range_g);
    imuhip_put_u16(to + 20, config->gyr_range_dps);
    to[22] = identity->n_rates;
    for (size_t i = 0; i < identity->n_rates; i++) {
        imuhip_put_u16(to + IMUHIP_INFO_BYTES + 2 * i, identity->rates_hz[i]);
    }
    return length;
}

void imuhip_put_sync_reply(uint8_t *to, uint8_t id, uint64_t received_us, uint64_t sent_us)
{
    to[0] = id;
    imuhip_put_u48(to + 1, received_us);
    imuhip_put_u48(to + 7, sent_us);
}

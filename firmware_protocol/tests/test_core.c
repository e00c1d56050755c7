/* The core against the golden vectors and against what the specification says of states, ring,
 * dither, back-fill, sync and off. No framework: `check` counts, main tells. Needs no board. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "imuhip_sensor.h"

struct stream_case {
    const char *name;
    uint8_t bytes[IMUHIP_LARGEST_PACKET_BYTES];
    size_t length;
    uint32_t seq;
    uint64_t time_us;
    uint16_t dt_us, age_us;
    uint8_t flags, n_samples;
    int16_t counts[18 * 6];
};
struct info_case {
    const char *name;
    uint8_t bytes[64];
    size_t length;
    uint8_t minor;
    uint16_t firmware;
    uint8_t unique_id[8];
    uint16_t capabilities;
    uint32_t clock_hz;
    uint16_t acc_range_g, gyr_range_dps;
    uint8_t n_rates;
    uint16_t rates_hz[8];
};
struct config_case {
    const char *name;
    uint8_t bytes[IMUHIP_CONFIG_BYTES];
    struct imuhip_config config;
};
struct sync_reply_case {
    const char *name;
    uint8_t bytes[IMUHIP_SYNC_REPLY_BYTES];
    uint8_t id;
    uint64_t received_us, sent_us;
};
struct sync_request_case {
    const char *name;
    uint8_t bytes[IMUHIP_SYNC_REQUEST_BYTES];
    uint8_t id;
};
struct range_case {
    const char *name;
    uint8_t bytes[6];
    uint32_t first;
    uint16_t count;
};

struct exchange_step {
    uint8_t n_request, request[16];
    uint8_t att;
    uint8_t n_reply, reply[IMUHIP_REPLY_BYTES];
};
struct exchange_case {
    const char *name;
    uint16_t mtu, capabilities;
    bool is_protected;
    uint8_t subscribed; /* bits by channel */
    uint8_t n_steps;
    struct exchange_step steps[16];
};

#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define check(condition) check_at((condition), #condition, __LINE__)

static int n_checks, n_failed;
static const char *doing = "";

static void check_at(bool holds, const char *what, int line)
{
    n_checks++;
    if (!holds) {
        n_failed++;
        printf("test_core.c:%d: %s: not true: %s\n", line, doing, what);
    }
}

/* ---- a board that is only memory ------------------------------------------------------------ */

#define MAX_SENT 4096

struct sent {
    enum imuhip_channel channel;
    uint64_t at_us;
    size_t length;
    uint8_t bytes[IMUHIP_LARGEST_PACKET_BYTES];
};

static struct board {
    uint64_t now_us;
    uint16_t mtu;
    bool subscribed[8];
    uint8_t room; /* notifications the stack takes before it is full; 255: endless */
    bool is_broken;
    uint8_t battery;
    bool is_protected;
    int n_identified, n_off, n_started, n_stopped;
    uint64_t hint_ms;
    struct imuhip_config config;
    size_t n_sent;
    struct sent sent[MAX_SENT];
} board;

static struct imuhip_slot slots[1000];
static struct imuhip_sensor sensor;

static uint64_t board_now(void *user) { return ((struct board *)user)->now_us; }
static uint16_t board_mtu(void *user) { return ((struct board *)user)->mtu; }
static uint8_t board_room(void *user) { return ((struct board *)user)->room; }
static uint8_t board_battery(void *user) { return ((struct board *)user)->battery; }
static bool board_protected(void *user) { return ((struct board *)user)->is_protected; }
static bool board_subscribed(void *user, enum imuhip_channel channel)
{
    return ((struct board *)user)->subscribed[channel];
}
static bool board_send(void *user, enum imuhip_channel channel, const uint8_t *data, size_t length)
{
    struct board *b = user;
    struct sent *sent = &b->sent[b->n_sent % MAX_SENT];
    if (!b->subscribed[channel] || b->room == 0) {
        return false;
    }
    check(length + 3 <= b->mtu || channel == IMUHIP_CONTROL);
    b->room = (uint8_t)(b->room - (channel != IMUHIP_CONTROL && b->room != 255));
    sent->channel = channel;
    sent->at_us = b->now_us;
    sent->length = length;
    memcpy(sent->bytes, data, length);
    b->n_sent++;
    return true;
}
static bool board_configure(void *user, const struct imuhip_config *config)
{
    ((struct board *)user)->config = *config;
    return !((struct board *)user)->is_broken;
}
static bool board_start(void *user)
{
    ((struct board *)user)->n_started++;
    return !((struct board *)user)->is_broken;
}
static void board_stop(void *user) { ((struct board *)user)->n_stopped++; }
static void board_identify(void *user) { ((struct board *)user)->n_identified++; }
static void board_hint(void *user, uint64_t ms) { ((struct board *)user)->hint_ms = ms; }
static void board_off(void *user) { ((struct board *)user)->n_off++; }

static const struct imuhip_port port = {
    &board,        board_now,       board_mtu,   board_subscribed, board_protected, board_send,
    board_room,    board_battery,   board_configure, board_start,  board_stop,
    board_identify, board_hint,     board_off,
};
static const uint16_t rates_hz[] = {50, 100, 200};
static struct imuhip_identity identity = {
    0x0102, {1, 2, 3, 4, 5, 6, 7, 8}, 0xF3, 1000000, rates_hz, 3,
};

static void switch_on(const char *what)
{
    doing = what;
    memset(&board, 0, sizeof board);
    board.now_us = 5000000;
    board.mtu = 247;
    board.room = 255;
    board.battery = 80;
    board.is_protected = true;
    memset(board.subscribed, true, sizeof board.subscribed);
    identity.capabilities = 0xF3;
    imuhip_init(&sensor, &port, &identity, slots, COUNT(slots));
    imuhip_on_connected(&sensor);
}

static const struct sent *last_on(enum imuhip_channel channel)
{
    for (size_t i = board.n_sent; i > 0; i--) {
        if (board.sent[i - 1].channel == channel) {
            return &board.sent[i - 1];
        }
    }
    return NULL;
}

static size_t n_on(enum imuhip_channel channel)
{
    size_t n = 0;
    for (size_t i = 0; i < board.n_sent; i++) {
        n += board.sent[i].channel == channel;
    }
    return n;
}

/* Ask, and return the status of the reply; 255 when it is not a reply to this. */
static uint8_t ask(uint8_t operation, const void *arguments, size_t length)
{
    uint8_t request[64] = {operation, 77};
    const size_t n_sent = board.n_sent;
    const struct sent *reply;
    memcpy(request + 2, arguments, length);
    check(imuhip_on_control_write(&sensor, request, 2 + length) == IMUHIP_ATT_OK);
    check(board.n_sent == n_sent); /* the write is answered first */
    imuhip_poll(&sensor);
    reply = last_on(IMUHIP_CONTROL);
    if (reply == NULL || reply->length < 3 || reply->bytes[0] != (operation | 0x80) ||
        reply->bytes[1] != 77) {
        return 255;
    }
    return reply->bytes[2];
}

static uint8_t start_session(uint8_t session)
{
    const uint8_t arguments[4] = {session, 0, 0, 0};
    return ask(IMUHIP_OP_START, arguments, 4);
}

static uint8_t set_rate(uint8_t rate_hz, uint8_t batch, uint8_t dither_ms)
{
    const uint8_t arguments[9] = {rate_hz, 0, 16, 0, 0xD0, 0x07, 3, batch, dither_ms};
    return ask(IMUHIP_OP_SET_CONFIG, arguments, 9);
}

/* Let samples come every 10 ms, polling when the core asks to be and at each sample. */
static uint32_t next_sample;
static uint64_t next_sample_us;

static void begin_samples(void)
{
    next_sample = 0;
    next_sample_us = board.now_us + 10000;
}

static void run(uint32_t n_samples)
{
    for (uint32_t i = 0; i < n_samples; i++) {
        uint32_t wait_us = imuhip_poll(&sensor);
        while (wait_us != IMUHIP_NEVER && board.now_us + wait_us < next_sample_us) {
            board.now_us += wait_us;
            wait_us = imuhip_poll(&sensor);
        }
        board.now_us = next_sample_us;
        {
            const int16_t counts[6] = {(int16_t)(next_sample % 30000), 1, 2, 3, 4, -5};
            imuhip_push_sample(&sensor, board.now_us, counts);
        }
        next_sample++;
        next_sample_us += 10000;
    }
    imuhip_poll(&sensor);
}

static uint32_t seq_of(const struct sent *sent) { return imuhip_get_u32(sent->bytes + 2); }
static uint8_t flags_of(const struct sent *sent) { return sent->bytes[sent->length - 3]; }
static bool is_whole(const struct sent *sent)
{
    return sent->bytes[0] == 0x13 && sent->length == 19u + 12u * sent->bytes[1] &&
           imuhip_get_u16(sent->bytes + sent->length - 2) ==
               imuhip_crc16(sent->bytes, sent->length - 2);
}

/* ---- vectors -------------------------------------------------------------------------------- */

static void test_vectors(void)
{
    uint8_t made[IMUHIP_LARGEST_PACKET_BYTES];
    doing = "checksum";
    check(imuhip_crc16((const uint8_t *)"123456789", 9) == 0x29B1);
    for (size_t i = 0; i < COUNT(stream_cases); i++) {
        const struct stream_case *c = &stream_cases[i];
        const struct imuhip_packet_head head = {c->seq, c->time_us, c->dt_us, c->age_us, c->flags};
        doing = c->name;
        for (uint8_t n = 0; n < c->n_samples; n++) {
            imuhip_put_sample(made, n, c->counts + 6 * n);
        }
        check(imuhip_close_packet(made, c->n_samples, &head) == c->length);
        check(memcmp(made, c->bytes, c->length) == 0);
    }
    for (size_t i = 0; i < COUNT(info_cases); i++) {
        const struct info_case *c = &info_cases[i];
        const struct imuhip_config config = {100, c->acc_range_g, c->gyr_range_dps, 3, 0, 0};
        struct imuhip_identity who = {c->firmware, {0}, c->capabilities, c->clock_hz, c->rates_hz,
                                      c->n_rates};
        const size_t length = IMUHIP_INFO_BYTES + 2u * c->n_rates;
        doing = c->name;
        memcpy(who.unique_id, c->unique_id, 8);
        check(imuhip_put_info(made, length - 1, &who, &config) == 0);
        check(imuhip_put_info(made, sizeof made, &who, &config) == length);
        check(made[1] == IMUHIP_PROTOCOL_MINOR);
        made[1] = c->minor; /* the vectors hold other minor versions, too */
        check(memcmp(made, c->bytes, length) == 0);
    }
    for (size_t i = 0; i < COUNT(config_cases); i++) {
        struct imuhip_config config;
        doing = config_cases[i].name;
        imuhip_get_config(config_cases[i].bytes, &config);
        check(config.rate_hz == config_cases[i].config.rate_hz);
        check(config.dither_ms == config_cases[i].config.dither_ms);
        imuhip_put_config(made, &config_cases[i].config);
        check(memcmp(made, config_cases[i].bytes, IMUHIP_CONFIG_BYTES) == 0);
    }
    for (size_t i = 0; i < COUNT(sync_reply_cases); i++) {
        const struct sync_reply_case *c = &sync_reply_cases[i];
        doing = c->name;
        imuhip_put_sync_reply(made, c->id, c->received_us, c->sent_us);
        check(memcmp(made, c->bytes, IMUHIP_SYNC_REPLY_BYTES) == 0);
    }
    for (size_t i = 0; i < COUNT(range_cases); i++) {
        doing = range_cases[i].name;
        check(imuhip_get_u32(range_cases[i].bytes) == range_cases[i].first);
        check(imuhip_get_u16(range_cases[i].bytes + 4) == range_cases[i].count);
    }
}

static void test_capacity(void)
{
    static const uint16_t mtus[] = {0, 23, 33, 34, 64, 185, 247, 517};
    static const uint8_t samples[] = {0, 0, 0, 1, 3, 13, 18, 18};
    doing = "samples that fit";
    for (size_t i = 0; i < COUNT(mtus); i++) {
        check(imuhip_samples_that_fit(mtus[i]) == samples[i]);
    }
}

/* ---- control -------------------------------------------------------------------------------- */

static void test_control(void)
{
    const uint8_t one = 1;
    const uint8_t hint[8] = {0x00, 0x68, 0xE5, 0xCF, 0x8B, 0x01, 0, 0};
    switch_on("control");
    check(imuhip_on_control_write(&sensor, &one, 1) == IMUHIP_ATT_INVALID_LENGTH);
    board.subscribed[IMUHIP_CONTROL] = false;
    check(imuhip_on_control_write(&sensor, hint, 8) == IMUHIP_ATT_NOT_CONFIGURED);
    board.subscribed[IMUHIP_CONTROL] = true;
    check(ask(99, "", 0) == IMUHIP_UNKNOWN_OPERATION && ask(0, "", 0) == IMUHIP_UNKNOWN_OPERATION);
    check(ask(IMUHIP_OP_STOP, "x", 1) == IMUHIP_BAD_LENGTH);
    check(ask(IMUHIP_OP_GET_CONFIG, "", 0) == IMUHIP_OK);
    check(memcmp(last_on(IMUHIP_CONTROL)->bytes + 3, "\x64\0\x10\0\xd0\x07\x03\0\x1e", 9) == 0);
    check(last_on(IMUHIP_CONTROL)->length == 12);
    check(ask(IMUHIP_OP_IDENTIFY, "", 0) == IMUHIP_OK && board.n_identified == 1);
    check(ask(IMUHIP_OP_SET_TIME_HINT, hint, 8) == IMUHIP_OK && board.hint_ms == 1700000000000u);
    check(ask(IMUHIP_OP_BACK_FILL, "\0\0\0\0\1\0", 6) == IMUHIP_WRONG_STATE);
    board.room = 0; /* the stack takes no indication: no second request until the reply left */
    check(imuhip_on_control_write(&sensor, (const uint8_t *)"\5\1", 2) == IMUHIP_ATT_OK);
    check(imuhip_on_control_write(&sensor, (const uint8_t *)"\5\2", 2) == IMUHIP_ATT_BUSY);
    board.room = 255;
    imuhip_poll(&sensor);
    check(last_on(IMUHIP_CONTROL)->bytes[1] == 1 && board.n_identified == 2);
    identity.capabilities = 3;
    check(ask(IMUHIP_OP_BACK_FILL, "", 0) == IMUHIP_NOT_SUPPORTED);
    check(ask(IMUHIP_OP_OFF, "x", 1) == IMUHIP_NOT_SUPPORTED);
}

static void test_configuration(void)
{
    static const struct { const char *arguments; uint8_t status; } refused[] = {
        {"\x61\0\x10\0\xd0\x07\x03\0\0", IMUHIP_BAD_RATE},
        {"\0\0\x10\0\xd0\x07\x03\0\0", IMUHIP_BAD_RATE},
        {"\x64\0\x05\0\xd0\x07\x03\0\0", IMUHIP_BAD_ACC_RANGE},
        {"\x64\0\x10\0\xd1\x07\x03\0\0", IMUHIP_BAD_GYRO_RANGE},
        {"\x64\0\x10\0\xd0\x07\x01\0\0", IMUHIP_BAD_FIELDS},
        {"\x64\0\x10\0\xd0\x07\x03\x13\0", IMUHIP_BAD_BATCH},
        {"\x61\0\x05\0\xd1\x07\x01\x13\0", IMUHIP_BAD_RATE}, /* the first that applies */
    };
    switch_on("configuration");
    for (size_t i = 0; i < COUNT(refused); i++) {
        check(ask(IMUHIP_OP_SET_CONFIG, refused[i].arguments, 9) == refused[i].status);
        check(sensor.config.rate_hz == 100 && board.config.rate_hz == 0);
    }
    check(set_rate(200, 18, 0) == IMUHIP_OK);
    check(sensor.config.rate_hz == 200 && board.config.batch_samples == 18);
    board.is_broken = true;
    check(set_rate(100, 0, 0) == IMUHIP_HARDWARE_FAULT && sensor.config.rate_hz == 200);
    check(start_session(1) == IMUHIP_HARDWARE_FAULT && sensor.state == IMUHIP_IDLE);
    board.is_broken = false;
    board.mtu = 23;
    check(start_session(1) == IMUHIP_MTU_TOO_SMALL);
    board.subscribed[IMUHIP_STREAM] = false;
    check(start_session(1) == IMUHIP_NOT_SUBSCRIBED);
    board.subscribed[IMUHIP_STREAM] = true;
    board.mtu = 64;
    check(start_session(1) == IMUHIP_OK && last_on(IMUHIP_CONTROL)->bytes[3] == 3);
    check(set_rate(100, 0, 0) == IMUHIP_WRONG_STATE);
    check(ask(IMUHIP_OP_STOP, "", 0) == IMUHIP_OK && board.n_stopped == 1);
    check(ask(IMUHIP_OP_STOP, "", 0) == IMUHIP_OK && board.n_stopped == 1);
}

/* ---- stream --------------------------------------------------------------------------------- */

static void test_stream_and_dither(void)
{
    uint32_t expected = 0;
    uint64_t shortest = UINT64_MAX, longest = 0;
    switch_on("stream");
    check(set_rate(100, 0, 15) == IMUHIP_OK);
    check(start_session(1) == IMUHIP_OK);
    begin_samples();
    check(imuhip_poll(&sensor) == IMUHIP_NEVER && n_on(IMUHIP_STREAM) == 0);
    run(3000);
    for (size_t i = 0; i < board.n_sent; i++) {
        const struct sent *sent = &board.sent[i];
        if (sent->channel == IMUHIP_STREAM) {
            const uint64_t last_us = 5010000u + 10000u * (uint64_t)(expected + sent->bytes[1] - 1u);
            const uint64_t age = imuhip_get_u16(sent->bytes + 14);
            check(is_whole(sent) && seq_of(sent) == expected && sent->bytes[1] == 6);
            check(imuhip_get_u32(sent->bytes + 6) == 5010000u + 10000u * expected);
            check(sent->at_us == last_us + age && flags_of(sent) == 0);
            check(imuhip_get_u16(sent->bytes + 16) == expected);
            shortest = age < shortest ? age : shortest;
            longest = age > longest ? age : longest;
            expected += sent->bytes[1];
        }
    }
    /* 500 packets, handed over anywhere from 0 to 15 ms after their last sample. */
    check(expected >= 2994);
    check(shortest < 300 && longest > 14700 && longest <= 15000);
}

static void test_full_radio(void)
{
    size_t n_flagged = 0;
    uint32_t missing = 0, expected = 0;
    switch_on("full radio");
    set_rate(100, 0, 0);
    start_session(1);
    begin_samples();
    run(100);
    board.room = 0;
    run(1500);
    check(n_on(IMUHIP_STREAM) == 16);
    board.room = 255;
    run(100);
    for (size_t i = 0; i < board.n_sent; i++) {
        const struct sent *sent = &board.sent[i];
        if (sent->channel == IMUHIP_STREAM) {
            missing += seq_of(sent) - expected;
            expected = seq_of(sent) + sent->bytes[1];
            n_flagged += (flags_of(sent) & IMUHIP_FLAG_OVERFLOW) != 0;
            check(is_whole(sent));
        }
    }
    /* 96 had been sent; of the 1504 that waited the ring kept 1000. */
    check(missing == 504 && n_flagged == 1 && expected >= 1690);
}

static void test_flags(void)
{
    static const int16_t clipped[6] = {INT16_MAX, 0, 0, 0, 0, 0}, spun[6] = {0, 0, 0, 0, INT16_MIN, 0};
    switch_on("flags");
    set_rate(100, 1, 0);
    start_session(1);
    imuhip_push_sample(&sensor, board.now_us, clipped);
    imuhip_poll(&sensor);
    check(flags_of(last_on(IMUHIP_STREAM)) == IMUHIP_FLAG_CLIP_ACC);
    board.battery = 9;
    board.now_us += 70000; /* the radio took it late: its age does not fit 16 bits */
    imuhip_push_sample(&sensor, board.now_us - 70000, spun);
    imuhip_poll(&sensor);
    check(flags_of(last_on(IMUHIP_STREAM)) == (IMUHIP_FLAG_CLIP_GYRO | IMUHIP_FLAG_LOW_BATTERY));
    check(imuhip_get_u16(last_on(IMUHIP_STREAM)->bytes + 14) == IMUHIP_UNKNOWN_AGE);
}

/* ---- link loss, back-fill ------------------------------------------------------------------- */

static void test_sessions_outlive_links(void)
{
    switch_on("holding");
    set_rate(100, 0, 0);
    start_session(7);
    begin_samples();
    run(60);
    imuhip_on_disconnected(&sensor);
    check(sensor.state == IMUHIP_HOLDING && imuhip_poll(&sensor) == IMUHIP_HOLD_US);
    run(300);
    check(n_on(IMUHIP_STREAM) == 10);
    imuhip_on_connected(&sensor);
    check(start_session(7) == IMUHIP_OK && board.n_started == 1);
    run(60);
    check(seq_of(last_on(IMUHIP_STREAM)) == 414 && n_on(IMUHIP_STREAM) == 20);
    check(start_session(8) == IMUHIP_OK && board.n_started == 2 && board.n_stopped == 1);
    begin_samples();
    run(6);
    check(seq_of(last_on(IMUHIP_STREAM)) == 0);
    imuhip_on_disconnected(&sensor);
    run(5999);
    check(sensor.state == IMUHIP_HOLDING);
    run(2);
    check(sensor.state == IMUHIP_IDLE && board.n_stopped == 2);
    imuhip_on_connected(&sensor);
    check(start_session(8) == IMUHIP_OK);
    begin_samples();
    run(6);
    check(seq_of(last_on(IMUHIP_STREAM)) == 0);
}

static void check_back_filled(uint32_t first, uint32_t stop)
{
    uint32_t expected = first, live = 0;
    for (size_t i = 0; i < board.n_sent; i++) {
        const struct sent *sent = &board.sent[i];
        if (sent->channel == IMUHIP_BACK_FILL) {
            check(is_whole(sent) && seq_of(sent) == expected);
            check(flags_of(sent) == IMUHIP_FLAG_BACK_FILLED);
            check(imuhip_get_u16(sent->bytes + 14) == IMUHIP_UNKNOWN_AGE);
            check(imuhip_get_u32(sent->bytes + 6) == 5010000u + 10000u * expected);
            check(imuhip_get_u16(sent->bytes + 16) == expected);
            expected += sent->bytes[1];
        } else if (sent->channel == IMUHIP_STREAM) {
            check(seq_of(sent) >= live);
            live = seq_of(sent);
        }
    }
    check(expected == stop);
}

static void test_back_fill(void)
{
    const struct sent *reply;
    switch_on("back-fill");
    set_rate(100, 0, 0);
    start_session(7);
    begin_samples();
    run(60);
    imuhip_on_disconnected(&sensor);
    run(300);
    imuhip_on_connected(&sensor);
    check(start_session(7) == IMUHIP_OK);
    board.subscribed[IMUHIP_BACK_FILL] = false;
    check(ask(IMUHIP_OP_BACK_FILL, "\x3c\0\0\0\x2c\x01", 6) == IMUHIP_NOT_SUBSCRIBED);
    board.subscribed[IMUHIP_BACK_FILL] = true;
    board.room = 1; /* the last buffer is the stream's */
    check(ask(IMUHIP_OP_BACK_FILL, "\x3c\0\0\0\x2c\x01", 6) == IMUHIP_OK);
    reply = last_on(IMUHIP_CONTROL);
    check(reply->length == 9 && memcmp(reply->bytes + 3, "\x3c\0\0\0\x2c\x01", 6) == 0);
    imuhip_poll(&sensor);
    check(n_on(IMUHIP_BACK_FILL) == 0);
    board.room = 255;
    run(60);
    check_back_filled(60, 360);
    check(n_on(IMUHIP_BACK_FILL) == 17); /* 16 of 18 samples, one of 12 */
    check(seq_of(last_on(IMUHIP_STREAM)) == 414); /* the stream went on as if nothing was */
}

static void test_back_fill_limits(void)
{
    const struct sent *reply;
    switch_on("back-fill beyond the ring");
    set_rate(100, 0, 0);
    start_session(7);
    begin_samples();
    run(60);
    imuhip_on_disconnected(&sensor);
    run(1940);
    imuhip_on_connected(&sensor);
    start_session(7);
    board.room = 1;
    check(ask(IMUHIP_OP_BACK_FILL, "\x3c\0\0\0\xff\xff", 6) == IMUHIP_OK);
    reply = last_on(IMUHIP_CONTROL);
    check(imuhip_get_u32(reply->bytes + 3) == 1000 && imuhip_get_u16(reply->bytes + 7) == 1000);
    board.room = 0; /* while it waits the ring goes on, and what it gives up is left out */
    run(40);
    board.room = 255;
    run(100);
    check_back_filled(1040, 2000);
    check(ask(IMUHIP_OP_BACK_FILL, "\0\0\0\0\x10\0", 6) == IMUHIP_OK); /* all gone */
    check(imuhip_get_u16(last_on(IMUHIP_CONTROL)->bytes + 7) == 0);
    check(ask(IMUHIP_OP_BACK_FILL, "\0\0\0\1\x10\0", 6) == IMUHIP_OK); /* not sampled yet */
    check(imuhip_get_u16(last_on(IMUHIP_CONTROL)->bytes + 7) == 0);
    board.room = 1;
    check(ask(IMUHIP_OP_BACK_FILL, "\xc0\x07\0\0\x10\0", 6) == IMUHIP_OK);
    check(sensor.back_fill_left == 16);
    check(ask(IMUHIP_OP_BACK_FILL, "\0\0\0\0\0\0", 6) == IMUHIP_OK); /* ends it */
    check(sensor.back_fill_left == 0);
}

static void test_numbers_wrap(void)
{
    switch_on("wrap");
    set_rate(100, 6, 0);
    start_session(1);
    begin_samples();
    sensor.ring.next_seq = sensor.next_send = UINT32_MAX - 99; /* after 497 days at 100 Hz */
    run(60);
    imuhip_on_disconnected(&sensor);
    run(60); /* the numbers wrap meanwhile */
    imuhip_on_connected(&sensor);
    start_session(1);
    check(ask(IMUHIP_OP_BACK_FILL, "\xd8\xff\xff\xff\x3c\0", 6) == IMUHIP_OK);
    check(imuhip_get_u32(last_on(IMUHIP_CONTROL)->bytes + 3) == UINT32_MAX - 39);
    check(imuhip_get_u16(last_on(IMUHIP_CONTROL)->bytes + 7) == 60);
    run(12);
    check(seq_of(last_on(IMUHIP_BACK_FILL)) == 14 && last_on(IMUHIP_BACK_FILL)->bytes[1] == 6);
    check(seq_of(last_on(IMUHIP_STREAM)) == 26);
    check(imuhip_get_u16(last_on(IMUHIP_STREAM)->bytes + 16) == 126); /* counts its samples */
}

/* ---- sync and off --------------------------------------------------------------------------- */

static void test_sync(void)
{
    const struct sent *reply;
    switch_on("sync");
    for (size_t i = 0; i < COUNT(sync_request_cases); i++) {
        const struct sync_request_case *c = &sync_request_cases[i];
        board.now_us = 6000000;
        check(imuhip_on_sync_write(&sensor, c->bytes, sizeof c->bytes, 5999900) == IMUHIP_ATT_OK);
        board.room = 0; /* refused once: the time told is that of the hand-over that succeeds */
        imuhip_poll(&sensor);
        board.room = 255;
        board.now_us += 700;
        imuhip_poll(&sensor);
        imuhip_poll(&sensor);
        reply = last_on(IMUHIP_SYNC);
        check(n_on(IMUHIP_SYNC) == i + 1 && reply->length == 13 && reply->bytes[0] == c->id);
        check(imuhip_get_u32(reply->bytes + 1) == 5999900);
        check(imuhip_get_u32(reply->bytes + 7) == 6000700);
    }
    check(imuhip_on_sync_write(&sensor, sync_request_cases[0].bytes, 8, 0) ==
          IMUHIP_ATT_INVALID_LENGTH);
    board.subscribed[IMUHIP_SYNC] = false;
    check(imuhip_on_sync_write(&sensor, sync_request_cases[0].bytes, 9, 0) ==
          IMUHIP_ATT_NOT_CONFIGURED);
}

static void test_off(void)
{
    switch_on("off");
    start_session(1);
    check(ask(IMUHIP_OP_OFF, "", 0) == IMUHIP_OK);
    check(sensor.state == IMUHIP_IDLE && board.n_stopped == 1);
    imuhip_poll(&sensor);
    check(board.n_off == 0); /* not before the host has the reply */
    check(imuhip_on_control_write(&sensor, (const uint8_t *)"\5\2", 2) == IMUHIP_ATT_BUSY);
    imuhip_on_reply_confirmed(&sensor);
    check(imuhip_poll(&sensor) == IMUHIP_NEVER && board.n_off == 1);
    switch_on("off without a confirmation");
    ask(IMUHIP_OP_OFF, "", 0);
    board.now_us += 999999;
    imuhip_poll(&sensor);
    check(board.n_off == 0);
    board.now_us += 1;
    imuhip_poll(&sensor);
    imuhip_poll(&sensor);
    check(board.n_off == 1);
}

/* ---- bonds ---------------------------------------------------------------------------------- */

static void test_bond(void)
{
    const uint8_t identify[2] = {IMUHIP_OP_IDENTIFY, 1};
    switch_on("bond");
    check(!imuhip_accepts_pairing(&sensor, 0)); /* a sensor that does not offer it */
    identity.capabilities |= IMUHIP_CAP_BOND;
    check(imuhip_accepts_pairing(&sensor, 3));
    board.now_us += IMUHIP_PAIRING_WINDOW_US - 1;
    check(imuhip_accepts_pairing(&sensor, 1));
    board.now_us += 1;
    check(!imuhip_accepts_pairing(&sensor, 1) && imuhip_accepts_pairing(&sensor, 0));
    board.is_protected = false;
    check(imuhip_on_control_write(&sensor, identify, 2) == IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION);
    check(imuhip_on_control_write(&sensor, identify, 1) == IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION);
    check(imuhip_on_sync_write(&sensor, sync_request_cases[0].bytes, 9, 0) ==
          IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION);
    imuhip_poll(&sensor);
    check(board.n_identified == 0 && board.n_sent == 0);
    board.is_protected = true;
    check(start_session(1) == IMUHIP_OK);
    begin_samples();
    run(60);
    check(n_on(IMUHIP_STREAM) >= 9);
    /* A session that is held is nobody's without the key. */
    imuhip_on_disconnected(&sensor);
    board.is_protected = false;
    imuhip_on_connected(&sensor);
    {
        const size_t n_streamed = n_on(IMUHIP_STREAM);
        check(imuhip_on_control_write(&sensor, (const uint8_t *)"\3\1\1\0\0\0", 6) ==
              IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION);
        run(60);
        check(n_on(IMUHIP_STREAM) == n_streamed && sensor.state == IMUHIP_HOLDING);
    }
}

/* ---- whole conversations, byte for byte ----------------------------------------------------- */

static void test_exchanges(void)
{
    for (size_t i = 0; i < COUNT(exchange_cases); i++) {
        const struct exchange_case *c = &exchange_cases[i];
        switch_on(c->name);
        identity.capabilities = c->capabilities;
        board.mtu = c->mtu;
        board.is_protected = c->is_protected;
        for (uint8_t channel = IMUHIP_CONTROL; channel <= IMUHIP_SYNC; channel++) {
            board.subscribed[channel] = (c->subscribed >> channel & 1) != 0;
        }
        for (uint8_t s = 0; s < c->n_steps; s++) {
            const struct exchange_step *step = &c->steps[s];
            const size_t n_before = n_on(IMUHIP_CONTROL);
            check(imuhip_on_control_write(&sensor, step->request, step->n_request) ==
                  (enum imuhip_att)step->att);
            imuhip_poll(&sensor);
            check(n_on(IMUHIP_CONTROL) == n_before + (step->n_reply != 0));
            if (step->n_reply != 0) {
                const struct sent *reply = last_on(IMUHIP_CONTROL);
                check(reply->length == step->n_reply &&
                      memcmp(reply->bytes, step->reply, step->n_reply) == 0);
            }
        }
    }
}

/* ---- nonsense ------------------------------------------------------------------------------- */

static void test_any_bytes(void)
{
    uint32_t random = 12345;
    uint8_t data[300];
    switch_on("any bytes");
    begin_samples();
    for (int round = 0; round < 20000; round++) {
        size_t length;
        for (size_t i = 0; i < 20; i++) {
            random = random * 1664525u + 1013904223u;
            data[i] = (uint8_t)(random >> 24);
        }
        data[0] = (uint8_t)(data[0] % 11);
        length = round % 16 == 0 ? sizeof data : data[1] % 13u;
        if (data[2] < 32) { /* links break and come back, the MTU differs, the radio fills */
            imuhip_on_disconnected(&sensor);
            board.mtu = (uint16_t)(data[3] < 20 ? 23 : data[3] + data[4]);
            imuhip_on_connected(&sensor);
        }
        board.room = data[5] < 200 ? 255 : (uint8_t)(data[5] % 3);
        board.n_sent = 0;
        imuhip_on_control_write(&sensor, data, length);
        imuhip_on_sync_write(&sensor, data, length, board.now_us);
        run(data[6] % 8u);
        if (board.n_off != 0) {
            switch_on("any bytes");
            begin_samples();
        }
    }
    check(sensor.ring.held <= COUNT(slots));
}

int main(void)
{
    test_vectors();
    test_capacity();
    test_control();
    test_configuration();
    test_stream_and_dither();
    test_full_radio();
    test_flags();
    test_sessions_outlive_links();
    test_back_fill();
    test_back_fill_limits();
    test_numbers_wrap();
    test_sync();
    test_off();
    test_bond();
    test_exchanges();
    test_any_bytes();
    printf("%d checks, %d failed\n", n_checks, n_failed);
    return n_failed != 0;
}

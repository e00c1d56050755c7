#include "imuhip_sensor.h"

static uint64_t now_us(const struct imuhip_sensor *sensor)
{
    return sensor->port->now_us(sensor->port->user);
}

static bool is_subscribed(const struct imuhip_sensor *sensor, enum imuhip_channel channel)
{
    return sensor->is_connected && sensor->port->is_subscribed(sensor->port->user, channel);
}

static bool is_capable(const struct imuhip_sensor *sensor, uint16_t capability)
{
    return (sensor->identity->capabilities & capability) != 0;
}

/* Whether this link may be talked over at all. */
static bool is_trusted(const struct imuhip_sensor *sensor)
{
    return !is_capable(sensor, IMUHIP_CAP_BOND) || sensor->port->is_protected(sensor->port->user);
}

static uint8_t capacity_of_link(const struct imuhip_sensor *sensor)
{
    return imuhip_samples_that_fit(sensor->port->mtu(sensor->port->user));
}

static uint32_t period_us(const struct imuhip_sensor *sensor)
{
    return (1000000u + sensor->config.rate_hz / 2u) / sensor->config.rate_hz;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static void draw_dither(struct imuhip_sensor *sensor)
{
    /* xorshift32 (Marsaglia 2003, doi:10.18637/jss.v008.i14): independent enough of any interval. */
    uint32_t x = sensor->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    sensor->random = x;
    sensor->dither_us = 0;
    if (is_capable(sensor, IMUHIP_CAP_DITHER)) {
        const uint32_t half_packet_us = sensor->batch_samples * period_us(sensor) / 2u;
        const uint32_t longest_us = smaller(sensor->config.dither_ms * 1000u, half_packet_us);
        sensor->dither_us = (uint32_t)((uint64_t)x * (longest_us + 1u) >> 32);
    }
}

static void end_session(struct imuhip_sensor *sensor)
{
    if (sensor->state != IMUHIP_IDLE) {
        sensor->state = IMUHIP_IDLE;
        sensor->back_fill_left = 0;
        sensor->port->stop_sampling(sensor->port->user);
    }
}

static bool begin_session(struct imuhip_sensor *sensor, uint32_t session)
{
    if (!sensor->port->start_sampling(sensor->port->user)) {
        return false;
    }
    imuhip_ring_clear(&sensor->ring);
    sensor->session = session;
    sensor->next_send = 0;
    sensor->overflowed = false;
    return true;
}

static uint8_t choose_batch(const struct imuhip_sensor *sensor, uint8_t capacity)
{
    uint32_t wanted = sensor->config.batch_samples;
    if (wanted == 0) {
        wanted = IMUHIP_AUTO_BATCH_MS * sensor->config.rate_hz / 1000u;
    }
    return (uint8_t)smaller(wanted == 0 ? 1 : wanted, capacity);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is_one_of(uint16_t value, const uint16_t *values, size_t n_values)
{
    for (size_t i = 0; i < n_values; i++) {
        if (values[i] == value) {
            return true;
        }
    }
    return false;
}

static enum imuhip_status set_config(struct imuhip_sensor *sensor, const uint8_t *arguments)
{
    static const uint16_t acc_ranges[] = {2, 4, 8, 16};
    static const uint16_t gyr_ranges[] = {125, 250, 500, 1000, 2000};
    const uint8_t capacity = capacity_of_link(sensor);
    struct imuhip_config wanted;
    imuhip_get_config(arguments, &wanted);
    if (sensor->state != IMUHIP_IDLE) {
        return IMUHIP_WRONG_STATE;
    }
    if (wanted.rate_hz == 0 ||
        !is_one_of(wanted.rate_hz, sensor->identity->rates_hz, sensor->identity->n_rates)) {
        return IMUHIP_BAD_RATE;
    }
    if (!is_one_of(wanted.acc_range_g, acc_ranges, sizeof acc_ranges / sizeof *acc_ranges)) {
        return IMUHIP_BAD_ACC_RANGE;
    }
    if (!is_one_of(wanted.gyr_range_dps, gyr_ranges, sizeof gyr_ranges / sizeof *gyr_ranges)) {
        return IMUHIP_BAD_GYRO_RANGE;
    }
    if (wanted.fields != 3) {
        return IMUHIP_BAD_FIELDS;
    }
    if (wanted.batch_samples > (capacity == 0 ? 1 : capacity)) {
        return IMUHIP_BAD_BATCH;
    }
    if (!sensor->port->configure(sensor->port->user, &wanted)) {
        return IMUHIP_HARDWARE_FAULT;
    }
    sensor->config = wanted;
    return IMUHIP_OK;
}

static enum imuhip_status start(struct imuhip_sensor *sensor, uint32_t session)
{
    const uint8_t capacity = capacity_of_link(sensor);
    if (!is_subscribed(sensor, IMUHIP_STREAM)) {
        return IMUHIP_NOT_SUBSCRIBED;
    }
    if (capacity == 0) {
        return IMUHIP_MTU_TOO_SMALL;
    }
    if (sensor->session != session) {
        end_session(sensor);
    }
    if (sensor->state == IMUHIP_IDLE) {
        if (!begin_session(sensor, session)) {
            return IMUHIP_HARDWARE_FAULT;
        }
    } else if (sensor->state == IMUHIP_HOLDING) {
        /* What was sampled while nobody listened is for back-fill; live goes on live. */
        sensor->next_send = sensor->ring.next_seq;
        sensor->overflowed = false;
    }
    sensor->state = IMUHIP_STREAMING;
    sensor->batch_samples = choose_batch(sensor, capacity);
    draw_dither(sensor);
    return IMUHIP_OK;
}

/* Leave out what the ring no longer holds, and what the stream is still going to send. */
static void trim_back_fill(struct imuhip_sensor *sensor)
{
    const uint32_t oldest = imuhip_ring_oldest(&sensor->ring);
    /* Numbers wrap: the request is placed by its distance from the next sample to be streamed. */
    const int32_t until_live = (int32_t)(sensor->next_send - sensor->back_fill_next);
    int32_t skipped = (int32_t)(oldest - sensor->back_fill_next);
    int32_t left = sensor->back_fill_left;
    if (left > until_live) {
        left = until_live;
    }
    if (skipped < 0) {
        skipped = 0;
    }
    if (left <= skipped) {
        sensor->back_fill_left = 0;
        return;
    }
    sensor->back_fill_next += (uint32_t)skipped;
    sensor->back_fill_left = (uint16_t)(left - skipped);
}

static enum imuhip_status back_fill(struct imuhip_sensor *sensor, const uint8_t *arguments,
                                    uint8_t *result)
{
    if (sensor->state != IMUHIP_STREAMING) {
        return IMUHIP_WRONG_STATE;
    }
    if (!is_subscribed(sensor, IMUHIP_BACK_FILL)) {
        return IMUHIP_NOT_SUBSCRIBED;
    }
    sensor->back_fill_next = imuhip_get_u32(arguments);
    sensor->back_fill_left = imuhip_get_u16(arguments + 4);
    trim_back_fill(sensor);
    imuhip_put_u32(result, sensor->back_fill_next);
    imuhip_put_u16(result + 4, sensor->back_fill_left);
    return IMUHIP_OK;
}

static enum imuhip_status switch_off(struct imuhip_sensor *sensor)
{
    end_session(sensor);
    sensor->is_switching_off = true;
    sensor->off_us = now_us(sensor) + IMUHIP_OFF_TIMEOUT_US;
    return IMUHIP_OK;
}

/* Length of an operation's arguments, or why it is refused before they are looked at. */
static enum imuhip_status arguments_of(const struct imuhip_sensor *sensor, uint8_t operation,
                                       size_t *length)
{
    *length = 0;
    switch (operation) {
    case IMUHIP_OP_GET_CONFIG:
    case IMUHIP_OP_STOP:
    case IMUHIP_OP_IDENTIFY:
        return IMUHIP_OK;
    case IMUHIP_OP_SET_CONFIG:
        *length = IMUHIP_CONFIG_BYTES;
        return IMUHIP_OK;
    case IMUHIP_OP_START:
        *length = 4;
        return IMUHIP_OK;
    case IMUHIP_OP_OFF:
        return is_capable(sensor, IMUHIP_CAP_OFF) ? IMUHIP_OK : IMUHIP_NOT_SUPPORTED;
    case IMUHIP_OP_BACK_FILL:
        *length = 6;
        return is_capable(sensor, IMUHIP_CAP_BACK_FILL) ? IMUHIP_OK : IMUHIP_NOT_SUPPORTED;
    case IMUHIP_OP_SET_TIME_HINT:
        *length = 8;
        return IMUHIP_OK;
    default:
        return IMUHIP_UNKNOWN_OPERATION;
    }
}

/* Do what is asked; write the result and its length. */
static enum imuhip_status carry_out(struct imuhip_sensor *sensor, uint8_t operation,
                                    const uint8_t *arguments, uint8_t *result, uint8_t *n_result)
{
    enum imuhip_status status = IMUHIP_OK;
    switch (operation) {
    case IMUHIP_OP_GET_CONFIG:
        imuhip_put_config(result, &sensor->config);
        *n_result = IMUHIP_CONFIG_BYTES;
        break;
    case IMUHIP_OP_SET_CONFIG:
        status = set_config(sensor, arguments);
        break;
    case IMUHIP_OP_START:
        status = start(sensor, imuhip_get_u32(arguments));
        result[0] = sensor->batch_samples;
        *n_result = 1;
        break;
    case IMUHIP_OP_STOP:
        end_session(sensor);
        break;
    case IMUHIP_OP_IDENTIFY:
        sensor->port->identify(sensor->port->user);
        break;
    case IMUHIP_OP_OFF:
        status = switch_off(sensor);
        break;
    case IMUHIP_OP_BACK_FILL:
        status = back_fill(sensor, arguments, result);
        *n_result = 6;
        break;
    default:
        sensor->port->time_hint(sensor->port->user, imuhip_get_u64(arguments));
        break;
    }
    return status;
}

static void send_reply(struct imuhip_sensor *sensor)
{
    if (sensor->reply_length != 0 &&
        sensor->port->send(sensor->port->user, IMUHIP_CONTROL, sensor->reply,
                           sensor->reply_length)) {
        sensor->reply_length = 0;
    }
}

enum imuhip_att imuhip_on_control_write(struct imuhip_sensor *sensor, const uint8_t *data,
                                        size_t length)
{
    enum imuhip_status status;
    size_t n_arguments;
    uint8_t n_result = 0;
    if (!is_trusted(sensor)) {
        return IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION;
    }
    if (!is_subscribed(sensor, IMUHIP_CONTROL)) {
        return IMUHIP_ATT_NOT_CONFIGURED;
    }
    if (length < 2) {
        return IMUHIP_ATT_INVALID_LENGTH;
    }
    if (sensor->reply_length != 0 || sensor->is_switching_off) {
        return IMUHIP_ATT_BUSY;
    }
    status = arguments_of(sensor, data[0], &n_arguments);
    if (status == IMUHIP_OK && length - 2 != n_arguments) {
        status = IMUHIP_BAD_LENGTH;
    }
    if (status == IMUHIP_OK) {
        status = carry_out(sensor, data[0], data + 2, sensor->reply + 3, &n_result);
    }
    sensor->reply[0] = data[0] | 0x80u;
    sensor->reply[1] = data[1];
    sensor->reply[2] = (uint8_t)status;
    sensor->reply_length = (uint8_t)(3 + (status == IMUHIP_OK ? n_result : 0));
    return IMUHIP_ATT_OK;
}

void imuhip_on_reply_confirmed(struct imuhip_sensor *sensor)
{
    if (sensor->is_switching_off && sensor->reply_length == 0) {
        sensor->off_us = 0;
    }
}

/* ---- sync ----------------------------------------------------------------------------------- */

enum imuhip_att imuhip_on_sync_write(struct imuhip_sensor *sensor, const uint8_t *data,
                                     size_t length, uint64_t received_us)
{
    if (!is_trusted(sensor)) {
        return IMUHIP_ATT_INSUFFICIENT_AUTHENTICATION;
    }
    if (!is_subscribed(sensor, IMUHIP_SYNC)) {
        return IMUHIP_ATT_NOT_CONFIGURED;
    }
    if (length != IMUHIP_SYNC_REQUEST_BYTES) {
        return IMUHIP_ATT_INVALID_LENGTH;
    }
    sensor->is_sync_waiting = true;
    sensor->sync_id = data[0];
    sensor->sync_received_us = received_us;
    return IMUHIP_ATT_OK;
}

static bool send_sync(struct imuhip_sensor *sensor)
{
    uint8_t reply[IMUHIP_SYNC_REPLY_BYTES];
    /* Its own hand-over is told, so a reply that is tried again is as good as any. */
    imuhip_put_sync_reply(reply, sensor->sync_id, sensor->sync_received_us, now_us(sensor));
    return sensor->port->send(sensor->port->user, IMUHIP_SYNC, reply, sizeof reply);
}

/* ---- packets -------------------------------------------------------------------------------- */

static uint8_t clip_flags(const int16_t *counts)
{
    uint8_t flags = 0;
    for (int axis = 0; axis < 6; axis++) {
        if (counts[axis] == INT16_MAX || counts[axis] == INT16_MIN) {
            flags |= axis < 3 ? IMUHIP_FLAG_CLIP_ACC : IMUHIP_FLAG_CLIP_GYRO;
        }
    }
    return flags;
}

static bool send_samples(struct imuhip_sensor *sensor, enum imuhip_channel channel, uint32_t seq,
                         uint8_t n_samples, uint8_t flags)
{
    const struct imuhip_ring *ring = &sensor->ring;
    struct imuhip_packet_head head;
    size_t length;
    for (uint8_t i = 0; i < n_samples; i++) {
        const int16_t *counts = imuhip_ring_counts(ring, seq + i);
        flags |= clip_flags(counts);
        imuhip_put_sample(sensor->packet, i, counts);
    }
    if (sensor->port->battery_percent(sensor->port->user) < 10) {
        flags |= IMUHIP_FLAG_LOW_BATTERY;
    }
    head.seq = seq;
    head.time_us = imuhip_ring_time_us(ring, seq);
    head.dt_us = (uint16_t)period_us(sensor);
    head.age_us = IMUHIP_UNKNOWN_AGE;
    head.flags = flags;
    if (channel == IMUHIP_STREAM) {
        /* The clock is read last: only the checksum lies between it and the hand-over. */
        const uint64_t last_us = head.time_us + (uint64_t)(n_samples - 1u) * head.dt_us;
        const uint64_t now = now_us(sensor);
        const uint64_t age = now > last_us ? now - last_us : 0;
        head.age_us = age < IMUHIP_UNKNOWN_AGE ? (uint16_t)age : IMUHIP_UNKNOWN_AGE;
    }
    length = imuhip_close_packet(sensor->packet, n_samples, &head);
    return sensor->port->send(sensor->port->user, channel, sensor->packet, length);
}

/* Returns after how long a stream packet is due, 0 when the radio takes none now. */
static uint32_t send_stream(struct imuhip_sensor *sensor, uint8_t capacity)
{
    const uint32_t excess = imuhip_ring_oldest(&sensor->ring) - sensor->next_send;
    if ((int32_t)excess > 0) {
        sensor->next_send += excess;
        sensor->overflowed = true;
    }
    for (;;) {
        const uint32_t batch = smaller(sensor->batch_samples, capacity);
        const uint32_t waiting = sensor->ring.next_seq - sensor->next_send;
        uint64_t due_us, now;
        uint32_t n_samples;
        if (waiting < batch) {
            return IMUHIP_NEVER;
        }
        now = now_us(sensor);
        due_us = imuhip_ring_time_us(&sensor->ring, sensor->next_send + batch - 1) +
                 sensor->dither_us;
        if (now < due_us) {
            return smaller((uint32_t)(due_us - now), 1000000u);
        }
        n_samples = waiting < 2 * batch ? batch : smaller(waiting, capacity);
        if (!send_samples(sensor, IMUHIP_STREAM, sensor->next_send, (uint8_t)n_samples,
                          sensor->overflowed ? IMUHIP_FLAG_OVERFLOW : 0)) {
            return 0;
        }
        sensor->next_send += n_samples;
        sensor->overflowed = false;
        draw_dither(sensor);
    }
}

/* Send one packet of it, and leave one buffer to the stream. Returns whether there is more. */
static bool send_back_fill(struct imuhip_sensor *sensor, uint8_t capacity)
{
    uint32_t n_samples;
    trim_back_fill(sensor);
    n_samples = smaller(sensor->back_fill_left, capacity);
    if (n_samples == 0) {
        return false;
    }
    if (sensor->port->free_buffers(sensor->port->user) >= 2 &&
        send_samples(sensor, IMUHIP_BACK_FILL, sensor->back_fill_next, (uint8_t)n_samples,
                     IMUHIP_FLAG_BACK_FILLED)) {
        sensor->back_fill_next += n_samples;
        sensor->back_fill_left = (uint16_t)(sensor->back_fill_left - n_samples);
    }
    return sensor->back_fill_left != 0;
}

static uint32_t stream(struct imuhip_sensor *sensor)
{
    const uint8_t capacity = capacity_of_link(sensor);
    uint32_t wait_us;
    if (capacity == 0) {
        return IMUHIP_RETRY_US;
    }
    wait_us = send_stream(sensor, capacity);
    if (wait_us == 0) {
        return IMUHIP_RETRY_US;
    }
    return send_back_fill(sensor, capacity) ? smaller(wait_us, IMUHIP_RETRY_US) : wait_us;
}

/* ---- life ----------------------------------------------------------------------------------- */

void imuhip_init(struct imuhip_sensor *sensor, const struct imuhip_port *port,
                 const struct imuhip_identity *identity, struct imuhip_slot *slots,
                 uint32_t n_slots)
{
    static const struct imuhip_sensor none;
    static const struct imuhip_config defaults = {100, 16, 2000, 3, 0, 30};
    *sensor = none;
    sensor->port = port;
    sensor->identity = identity;
    imuhip_ring_init(&sensor->ring, slots, n_slots);
    sensor->config = defaults;
    sensor->state = IMUHIP_IDLE;
    sensor->on_us = now_us(sensor);
    /* FNV-1a of what differs between sensors, so that their dither does; xorshift needs no 0. */
    sensor->random = 2166136261u;
    for (size_t i = 0; i < sizeof identity->unique_id; i++) {
        sensor->random = (sensor->random ^ identity->unique_id[i]) * 16777619u;
    }
    if (sensor->random == 0) {
        sensor->random = 1;
    }
}

bool imuhip_accepts_pairing(const struct imuhip_sensor *sensor, uint32_t n_bonds)
{
    return is_capable(sensor, IMUHIP_CAP_BOND) &&
           (n_bonds == 0 || now_us(sensor) - sensor->on_us < IMUHIP_PAIRING_WINDOW_US);
}

void imuhip_on_connected(struct imuhip_sensor *sensor)
{
    sensor->is_connected = true;
}

void imuhip_on_disconnected(struct imuhip_sensor *sensor)
{
    sensor->is_connected = false;
    sensor->reply_length = 0;
    sensor->is_sync_waiting = false;
    sensor->back_fill_left = 0;
    if (sensor->is_switching_off) {
        sensor->off_us = 0;
    }
    if (sensor->state == IMUHIP_STREAMING) {
        sensor->state = IMUHIP_HOLDING;
        sensor->lost_us = now_us(sensor);
    }
}

size_t imuhip_read_info(const struct imuhip_sensor *sensor, uint8_t *to, size_t capacity)
{
    return imuhip_put_info(to, capacity, sensor->identity, &sensor->config);
}

void imuhip_push_sample(struct imuhip_sensor *sensor, uint64_t time_us, const int16_t counts[6])
{
    if (sensor->state != IMUHIP_IDLE) {
        imuhip_ring_push(&sensor->ring, time_us, counts);
    }
}

static uint32_t poll_off(struct imuhip_sensor *sensor)
{
    const uint64_t now = now_us(sensor);
    if (now < sensor->off_us) {
        return smaller((uint32_t)(sensor->off_us - now), IMUHIP_RETRY_US);
    }
    sensor->is_switching_off = false;
    sensor->reply_length = 0;
    sensor->port->power_off(sensor->port->user);
    return IMUHIP_NEVER;
}

static uint32_t poll_hold(struct imuhip_sensor *sensor)
{
    const uint64_t held_us = now_us(sensor) - sensor->lost_us;
    if (held_us < IMUHIP_HOLD_US) {
        return (uint32_t)(IMUHIP_HOLD_US - held_us);
    }
    end_session(sensor);
    return IMUHIP_NEVER;
}

uint32_t imuhip_poll(struct imuhip_sensor *sensor)
{
    if (sensor->is_connected) {
        send_reply(sensor);
        if (sensor->is_sync_waiting) {
            sensor->is_sync_waiting = !send_sync(sensor);
        }
    }
    if (sensor->is_switching_off) {
        return poll_off(sensor);
    }
    if (sensor->state == IMUHIP_HOLDING) {
        return poll_hold(sensor);
    }
    if (sensor->is_connected && (sensor->reply_length != 0 || sensor->is_sync_waiting)) {
        return IMUHIP_RETRY_US; /* `start` is answered before anything is streamed */
    }
    return sensor->state == IMUHIP_STREAMING ? stream(sensor) : IMUHIP_NEVER;
}

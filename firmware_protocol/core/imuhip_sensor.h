/* A sensor of the imuhip protocol: requests, sessions, packets, back-fill and sync.
 *
 * The board gives a `struct imuhip_port` and memory for the ring, tells the core what happens (a
 * link, a write, a sample), and calls imuhip_poll. The core does the rest. It allocates nothing,
 * waits for nothing and starts no task.
 *
 * All functions of one sensor are called from one context, or under one lock. What comes
 * from an interrupt or from the Bluetooth stack's own task is queued to it by the board; only the
 * clock must be read there, and travels along (imuhip_push_sample, imuhip_on_sync_write).
 */
#ifndef IMUHIP_SENSOR_H
#define IMUHIP_SENSOR_H

#include "imuhip_ring.h"
#include "imuhip_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IMUHIP_HOLD_US 60000000u      /* a session outlives its link by this */
#define IMUHIP_RETRY_US 7500u         /* one short connection interval */
#define IMUHIP_OFF_TIMEOUT_US 1000000u /* for the confirmation of the reply to `off` */
#define IMUHIP_AUTO_BATCH_MS 60u
#define IMUHIP_PAIRING_WINDOW_US 60000000u /* after being switched on */
#define IMUHIP_NEVER UINT32_MAX

enum imuhip_channel {
    IMUHIP_CONTROL = 3, /* XXXX of the characteristic's UUID */
    IMUHIP_STREAM = 4,
    IMUHIP_BACK_FILL = 5,
    IMUHIP_SYNC = 6
};

/* What the core asks of the board. `user` is handed back in every call. None may wait. */
struct imuhip_port {
    void *user;
    /* Sensor clock, never going back while there is power. */
    uint64_t (*now_us)(void *user);
    /* ATT MTU of the link. */
    uint16_t (*mtu)(void *user);
    /* Whether the host enabled notifications (indications, for control). */
    bool (*is_subscribed)(void *user, enum imuhip_channel channel);
    /* Whether the link is encrypted with a key of LE Secure Connections. Only asked of a sensor with
     * the capability; the stack's own permissions on characteristics and descriptors come first, and
     * this is the second look. */
    bool (*is_protected)(void *user);
    /* Hand a notification (an indication, for control) to the stack, which copies it. False when it
     * has no room now; the core tries again. */
    bool (*send)(void *user, enum imuhip_channel channel, const uint8_t *data, size_t length);
    /* How many notifications the stack would take now. A board that cannot tell returns 2. */
    uint8_t (*free_buffers)(void *user);
    uint8_t (*battery_percent)(void *user);
    /* Set the inertial sensor; the configuration is valid. False when it does not answer. */
    bool (*configure)(void *user, const struct imuhip_config *config);
    /* Sample from now on. False when the inertial sensor does not answer. */
    bool (*start_sampling)(void *user);
    void (*stop_sampling)(void *user);
    void (*identify)(void *user);
    void (*time_hint)(void *user, uint64_t unix_ms);
    /* Disconnect, and switch off until somebody presses the button. */
    void (*power_off)(void *user);
};

enum imuhip_state { IMUHIP_IDLE, IMUHIP_STREAMING, IMUHIP_HOLDING };

/* Fields are the core's own; the board reads `state` and `config` and writes none. */
struct imuhip_sensor {
    const struct imuhip_port *port;
    const struct imuhip_identity *identity;
    struct imuhip_ring ring;
    struct imuhip_config config;
    enum imuhip_state state;
    bool is_connected;
    uint32_t session;
    uint32_t next_send; /* number of the next sample to stream */
    uint8_t batch_samples;
    bool overflowed;
    uint32_t dither_us; /* of the packet that comes next */
    uint32_t random;
    uint64_t lost_us; /* when the link was lost */
    uint32_t back_fill_next;
    uint16_t back_fill_left;
    uint8_t reply[IMUHIP_REPLY_BYTES];
    uint8_t reply_length; /* 0: none waits */
    bool is_sync_waiting;
    uint8_t sync_id;
    uint64_t sync_received_us;
    uint64_t on_us; /* when it was switched on */
    bool is_switching_off;
    uint64_t off_us;
    uint8_t packet[IMUHIP_LARGEST_PACKET_BYTES];
};

/* `slots` is the ring: at least 10 s at the highest rate. Port and identity must stay. The sensor
 * is configured to 100 Hz, 16 g, 2000 degrees/s, with dither of 30 ms where it is capable of it. */
void imuhip_init(struct imuhip_sensor *sensor, const struct imuhip_port *port,
                 const struct imuhip_identity *identity, struct imuhip_slot *slots,
                 uint32_t n_slots);

/* Whether the stack may agree on a new bond, `n_bonds` being kept already: the first may come at any
 * time, a further one within a minute of switching on, which takes somebody who holds the sensor. */
bool imuhip_accepts_pairing(const struct imuhip_sensor *sensor, uint32_t n_bonds);

void imuhip_on_connected(struct imuhip_sensor *sensor);
void imuhip_on_disconnected(struct imuhip_sensor *sensor);

/* The value of the info characteristic; returns its length, 0 when `capacity` is too small. */
size_t imuhip_read_info(const struct imuhip_sensor *sensor, uint8_t *to, size_t capacity);

/* A write to the control characteristic. Returns what to answer the write with; answer, then poll:
 * the reply goes out with the next poll, so that the host has the answer first. */
enum imuhip_att imuhip_on_control_write(struct imuhip_sensor *sensor, const uint8_t *data,
                                        size_t length);

/* The host confirmed the last reply. Boards whose stack does not tell need not call it. */
void imuhip_on_reply_confirmed(struct imuhip_sensor *sensor);

/* A write to the sync characteristic, with the clock read as early as the board can. */
enum imuhip_att imuhip_on_sync_write(struct imuhip_sensor *sensor, const uint8_t *data,
                                     size_t length, uint64_t received_us);

/* A sample and the sensor clock at its interrupt (of the FIFO watermark, minus the FIFO's content).
 * Samples that come outside a session are ignored. */
void imuhip_push_sample(struct imuhip_sensor *sensor, uint64_t time_us, const int16_t counts[6]);

/* Send what is due. Returns after how many microseconds to call again at the latest;
 * IMUHIP_NEVER when nothing is due before the next sample, write or link event, which all call for
 * a poll. */
uint32_t imuhip_poll(struct imuhip_sensor *sensor);

#ifdef __cplusplus
}
#endif
#endif

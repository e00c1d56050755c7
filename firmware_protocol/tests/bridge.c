/* What a host program in another language needs beside the core: sizes and a look inside. Built
 * together with the core into a shared library by tests that put it on a virtual radio. */
#include "imuhip_sensor.h"

size_t bridge_sensor_bytes(void);
size_t bridge_slot_bytes(void);
int bridge_state(const struct imuhip_sensor *sensor);
void bridge_config(const struct imuhip_sensor *sensor, struct imuhip_config *config);
uint32_t bridge_next_seq(const struct imuhip_sensor *sensor);

size_t bridge_sensor_bytes(void)
{
    return sizeof(struct imuhip_sensor);
}

size_t bridge_slot_bytes(void)
{
    return sizeof(struct imuhip_slot);
}

int bridge_state(const struct imuhip_sensor *sensor)
{
    return sensor->state;
}

void bridge_config(const struct imuhip_sensor *sensor, struct imuhip_config *config)
{
    *config = sensor->config;
}

uint32_t bridge_next_seq(const struct imuhip_sensor *sensor)
{
    return sensor->ring.next_seq;
}

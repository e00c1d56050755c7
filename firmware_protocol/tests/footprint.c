/* One sensor with a ring of 10 s at 100 Hz, as a board holds it: for measuring memory, never run. */
#include "imuhip_sensor.h"

struct imuhip_sensor footprint_sensor;
struct imuhip_slot footprint_ring[1000];

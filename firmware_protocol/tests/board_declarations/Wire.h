/* See Arduino.h beside this file. */
#pragma once
#include <stdint.h>

class TwoWire {
  public:
    void setClock(uint32_t hz);
};
extern TwoWire Wire;

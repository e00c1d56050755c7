/* See Arduino.h beside this file. */
#pragma once
#include "Adafruit_LittleFS.h"

extern Adafruit_LittleFS InternalFS;

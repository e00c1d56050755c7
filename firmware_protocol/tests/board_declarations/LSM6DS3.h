/* See Arduino.h beside this file. */
#pragma once
#include <stdint.h>

enum { I2C_MODE = 0 };
typedef enum { IMU_SUCCESS = 0, IMU_HW_ERROR } status_t;

class LSM6DS3 {
  public:
    LSM6DS3(uint8_t bus, uint8_t address);
    status_t begin();
    status_t writeRegister(uint8_t offset, uint8_t value);
    status_t readRegisterRegion(uint8_t *to, uint8_t offset, uint8_t length);
};

/* See Arduino.h beside this file. */
#pragma once
#include <stdint.h>

class Adafruit_LittleFS {};

namespace Adafruit_LittleFS_Namespace {
enum { FILE_O_READ = 0 };
class File {
  public:
    explicit File(Adafruit_LittleFS &fs);
    File(char const *name, uint8_t mode, Adafruit_LittleFS &fs);
    operator bool();
    File openNextFile(uint8_t mode = FILE_O_READ);
    void close();
};
}  // namespace Adafruit_LittleFS_Namespace

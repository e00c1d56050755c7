/* What the board example uses of Adafruit's Bluefruit52Lib, written by hand after its public headers;
 * see Arduino.h beside this file for what that is worth. */
#pragma once
#include "Arduino.h"

typedef int err_t;
enum SecureMode_t { SECMODE_NO_ACCESS = 0x00, SECMODE_OPEN = 0x11, SECMODE_ENC_NO_MITM = 0x21 };
enum { CHR_PROPS_READ = 2, CHR_PROPS_WRITE = 8, CHR_PROPS_NOTIFY = 16, CHR_PROPS_INDICATE = 32 };
#define BOND_DIR_PRPH "/adafruit/bond_prph"

class BLEUuid {
  public:
    BLEUuid(uint8_t const uuid128[16]);
};

class BLEService {
  public:
    BLEService(BLEUuid uuid);
    virtual err_t begin();
};

class BLECharacteristic {
  public:
    typedef void (*read_authorize_cb_t)(uint16_t, BLECharacteristic *, ble_gatts_evt_read_t *);
    typedef void (*write_authorize_cb_t)(uint16_t, BLECharacteristic *, ble_gatts_evt_write_t *);
    BLECharacteristic(BLEUuid uuid);
    void setProperties(uint8_t properties);
    void setPermission(SecureMode_t read, SecureMode_t write);
    void setMaxLen(uint16_t length);
    void setReadAuthorizeCallback(read_authorize_cb_t callback, bool use_ada_callback = true);
    void setWriteAuthorizeCallback(write_authorize_cb_t callback, bool use_ada_callback = true);
    virtual err_t begin();
    ble_gatts_char_handles_t handles();
    bool notifyEnabled(uint16_t connection);
    bool indicateEnabled(uint16_t connection);
};

class BLEConnection {
  public:
    bool secured();
    uint16_t getMtu();
    bool disconnect();
    bool requestDataLengthUpdate(void const *params = nullptr, void *limitation = nullptr);
    bool requestMtuExchange(uint16_t mtu);
    bool requestPHY(uint8_t phy = BLE_GAP_PHY_AUTO);
    bool removeBondKey();
};

class BLEDis : public BLEService {
  public:
    BLEDis();
    void setManufacturer(char const *text, uint8_t length = 0);
    void setModel(char const *text, uint8_t length = 0);
    void setSerialNum(char const *text, uint8_t length = 0);
    void setFirmwareRev(char const *text, uint8_t length = 0);
    err_t begin() override;
};

class BLEBas : public BLEService {
  public:
    BLEBas();
    err_t begin() override;
    bool write(uint8_t level);
    bool notify(uint8_t level);
};

class BLEAdvertisingData {
  public:
    bool addFlags(uint8_t flags);
    bool addService(BLEService &service);
    bool addName();
};

class BLEAdvertising : public BLEAdvertisingData {
  public:
    void setInterval(uint16_t fast, uint16_t slow);
    void setFastTimeout(uint16_t seconds);
    void restartOnDisconnect(bool enable);
    bool start(uint16_t timeout_s = 0);
};

class BLEPeriph {
  public:
    bool setConnIntervalMS(uint16_t least, uint16_t most);
    void setConnectCallback(void (*callback)(uint16_t connection));
    void setDisconnectCallback(void (*callback)(uint16_t connection, uint8_t reason));
};

class BLESecurity {
  public:
    void setIOCaps(bool display, bool yes_no, bool keyboard);
    void setMITM(bool enabled);
    void setPairable(bool pairable);
};

class AdafruitBluefruit {
  public:
    BLEPeriph Periph;
    BLESecurity Security;
    BLEAdvertising Advertising;
    BLEAdvertisingData ScanResponse;
    void configServiceChanged(bool changed);
    void configPrphConn(uint16_t mtu, uint16_t event_length, uint8_t notify_queue, uint8_t write_queue);
    bool begin(uint8_t peripherals = 1, uint8_t centrals = 0);
    void setName(char const *name);
    BLEConnection *Connection(uint16_t connection);
    void setEventCallback(void (*callback)(ble_evt_t *event));
};
extern AdafruitBluefruit Bluefruit;

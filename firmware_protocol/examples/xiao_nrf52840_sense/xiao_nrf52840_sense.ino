// An imuhip sensor on a Seeed XIAO nRF52840 Sense: the portable core on Bluefruit and an LSM6DS3TR-C.
//
// NOT COMPILED against its libraries, NOT RUN: its authors had neither the board nor the libraries.
// Only its use of the core is checked by a compiler; see README.md here, also for what to install.

#include <Adafruit_LittleFS.h>
#include <InternalFileSystem.h>
#include <bluefruit.h>
#include <LSM6DS3.h>
#include <Wire.h>

#include "src/imuhip_sensor.h"

namespace {

const uint16_t kFirmware = 0x0100;
const uint16_t kRatesHz[] = {25, 50, 100, 200};
const uint32_t kRingSamples = 2000;  // 10 s at 200 Hz, 32 kB
const uint8_t kNotifyQueue = 6;
const uint32_t kBlinkMs = 3000;
const bool kAsksForBond = true;  // false: anybody in reach may use it

struct imuhip_slot slots[kRingSamples];
struct imuhip_sensor sensor;
struct imuhip_identity identity = {
    kFirmware, {0},
    // No OFF: after system-off only the tiny reset button wakes this board.
    IMUHIP_CAP_GYRO | IMUHIP_CAP_ACC | IMUHIP_CAP_BACK_FILL | IMUHIP_CAP_SYNC | IMUHIP_CAP_DITHER |
        (kAsksForBond ? IMUHIP_CAP_BOND : 0),
    1000000, kRatesHz, sizeof kRatesHz / sizeof *kRatesHz,
};

// 5c4eXXXX-83b6-4a1d-9d2f-7e61b0a9c34e, as Bluefruit wants it: last byte first.
#define IMUHIP_UUID(xx) \
  {0x4e, 0xc3, 0xa9, 0xb0, 0x61, 0x7e, 0x2f, 0x9d, 0x1d, 0x4a, 0xb6, 0x83, xx, 0x00, 0x4e, 0x5c}
const uint8_t kServiceUuid[16] = IMUHIP_UUID(1), kInfoUuid[16] = IMUHIP_UUID(2),
              kControlUuid[16] = IMUHIP_UUID(3), kStreamUuid[16] = IMUHIP_UUID(4),
              kBackFillUuid[16] = IMUHIP_UUID(5), kSyncUuid[16] = IMUHIP_UUID(6);

BLEService service(kServiceUuid);
BLECharacteristic info(kInfoUuid), control(kControlUuid), stream(kStreamUuid),
    back_fill(kBackFillUuid), sync_chr(kSyncUuid);
BLEDis device_information;
BLEBas battery_service;
LSM6DS3 imu(I2C_MODE, 0x6A);

SemaphoreHandle_t lock;  // the core is called from the loop and from the Bluetooth task
volatile uint16_t connection = BLE_CONN_HANDLE_INVALID;
volatile uint8_t notifications_in_flight = 0;
bool is_sampling = false;
uint64_t next_sample_us = 0;
uint32_t blink_until_ms = 0;
uint8_t battery = 100;

struct Locked {
  Locked() { xSemaphoreTakeRecursive(lock, portMAX_DELAY); }
  ~Locked() { xSemaphoreGiveRecursive(lock); }
};

// ---- the clock: TIMER4 at 1 MHz from the crystal, extended beyond its 71.6 minutes ---------------

void begin_clock() {
  sd_clock_hfclk_request();  // without it the timer runs on the RC oscillator between radio events
  NRF_TIMER4->MODE = TIMER_MODE_MODE_Timer;
  NRF_TIMER4->BITMODE = TIMER_BITMODE_BITMODE_32Bit;
  NRF_TIMER4->PRESCALER = 4;
  NRF_TIMER4->TASKS_CLEAR = 1;
  NRF_TIMER4->TASKS_START = 1;
}

uint64_t now_us(void *) {
  static uint64_t last_us = 0;
  taskENTER_CRITICAL();
  NRF_TIMER4->TASKS_CAPTURE[0] = 1;
  last_us += (uint32_t)(NRF_TIMER4->CC[0] - (uint32_t)last_us);
  const uint64_t result = last_us;
  taskEXIT_CRITICAL();
  return result;
}

// ---- the inertial sensor ------------------------------------------------------------------------

const uint8_t kCtrl1Acc = 0x10, kCtrl2Gyro = 0x11, kOutGyro = 0x22, kOdr1666Hz = 0x80;

bool configure(void *, const struct imuhip_config *config) {
  uint8_t acc = kOdr1666Hz, gyro = kOdr1666Hz;
  switch (config->acc_range_g) {
    case 4: acc |= 0x08; break;
    case 8: acc |= 0x0C; break;
    case 16: acc |= 0x04; break;
    default: break;
  }
  switch (config->gyr_range_dps) {
    case 125: gyro |= 0x02; break;
    case 500: gyro |= 0x04; break;
    case 1000: gyro |= 0x08; break;
    case 2000: gyro |= 0x0C; break;
    default: break;
  }
  return imu.writeRegister(kCtrl1Acc, acc) == IMU_SUCCESS &&
         imu.writeRegister(kCtrl2Gyro, gyro) == IMU_SUCCESS;
}

bool start_sampling(void *) {
  if (!configure(nullptr, &sensor.config)) return false;
  next_sample_us = now_us(nullptr) + 20000;
  is_sampling = true;
  return true;
}

void stop_sampling(void *) { is_sampling = false; }

int16_t full_scale(int16_t raw) {
  // The chip's gyroscope has 70 mdps a count at 2000 dps (and in proportion); the protocol 2000/32768.
  const int32_t scaled = (int32_t)raw * 3584 / 3125;
  return scaled > INT16_MAX ? INT16_MAX : scaled < INT16_MIN ? INT16_MIN : (int16_t)scaled;
}

void take_sample() {
  uint8_t raw[12];
  int16_t counts[6];
  // The newest of 1666 readings a second: at most 0.6 ms older than its stamp.
  const uint64_t time_us = now_us(nullptr);
  if (imu.readRegisterRegion(raw, kOutGyro, sizeof raw) != IMU_SUCCESS) return;
  for (int axis = 0; axis < 3; axis++) {
    counts[axis] = (int16_t)(raw[6 + 2 * axis] | raw[7 + 2 * axis] << 8);
    counts[3 + axis] = full_scale((int16_t)(raw[2 * axis] | raw[2 * axis + 1] << 8));
  }
  imuhip_push_sample(&sensor, time_us, counts);
}

// ---- the radio ----------------------------------------------------------------------------------

BLECharacteristic &characteristic(enum imuhip_channel channel) {
  switch (channel) {
    case IMUHIP_CONTROL: return control;
    case IMUHIP_BACK_FILL: return back_fill;
    case IMUHIP_SYNC: return sync_chr;
    default: return stream;
  }
}

uint16_t mtu(void *) {
  BLEConnection *link = Bluefruit.Connection(connection);
  return link == nullptr ? 23 : link->getMtu();
}

bool is_subscribed(void *, enum imuhip_channel channel) {
  return channel == IMUHIP_CONTROL ? control.indicateEnabled(connection)
                                   : characteristic(channel).notifyEnabled(connection);
}

bool is_protected(void *) {
  BLEConnection *link = Bluefruit.Connection(connection);
  return link != nullptr && link->secured();
}

bool send(void *, enum imuhip_channel channel, const uint8_t *data, size_t length) {
  // Not BLECharacteristic::notify, which waits for a buffer.
  uint16_t n = (uint16_t)length;
  ble_gatts_hvx_params_t params = {};
  params.handle = characteristic(channel).handles().value_handle;
  params.type = channel == IMUHIP_CONTROL ? BLE_GATT_HVX_INDICATION : BLE_GATT_HVX_NOTIFICATION;
  params.p_len = &n;
  params.p_data = data;
  if (sd_ble_gatts_hvx(connection, &params) != NRF_SUCCESS) return false;
  if (channel != IMUHIP_CONTROL) notifications_in_flight++;
  return true;
}

uint8_t free_buffers(void *) {
  return notifications_in_flight < kNotifyQueue ? kNotifyQueue - notifications_in_flight : 0;
}

void answer_write(uint16_t link, const ble_gatts_evt_write_t *write, enum imuhip_att error) {
  ble_gatts_rw_authorize_reply_params_t reply = {};
  reply.type = BLE_GATTS_AUTHORIZE_TYPE_WRITE;
  reply.params.write.gatt_status =
      (uint16_t)(error == IMUHIP_ATT_OK ? BLE_GATT_STATUS_SUCCESS : 0x0100 | error);
  reply.params.write.update = error == IMUHIP_ATT_OK;
  reply.params.write.len = write->len;
  reply.params.write.p_data = write->data;
  sd_ble_gatts_rw_authorize_reply(link, &reply);
}

void on_control(uint16_t link, BLECharacteristic *, ble_gatts_evt_write_t *write) {
  Locked locked;
  answer_write(link, write, imuhip_on_control_write(&sensor, write->data, write->len));
  imuhip_poll(&sensor);
}

void on_sync(uint16_t link, BLECharacteristic *, ble_gatts_evt_write_t *write) {
  const uint64_t received_us = now_us(nullptr);
  Locked locked;
  answer_write(link, write, imuhip_on_sync_write(&sensor, write->data, write->len, received_us));
  imuhip_poll(&sensor);
}

void on_info_read(uint16_t link, BLECharacteristic *, ble_gatts_evt_read_t *) {
  uint8_t value[64];
  Locked locked;
  ble_gatts_rw_authorize_reply_params_t reply = {};
  reply.type = BLE_GATTS_AUTHORIZE_TYPE_READ;
  reply.params.read.gatt_status = BLE_GATT_STATUS_SUCCESS;
  reply.params.read.update = 1;
  reply.params.read.len = (uint16_t)imuhip_read_info(&sensor, value, sizeof value);
  reply.params.read.p_data = value;
  sd_ble_gatts_rw_authorize_reply(link, &reply);
}

void on_connected(uint16_t link) {
  Locked locked;
  connection = link;
  notifications_in_flight = 0;
  BLEConnection *peer = Bluefruit.Connection(link);
  peer->requestPHY();
  peer->requestDataLengthUpdate();
  peer->requestMtuExchange(IMUHIP_LARGEST_MTU);
  imuhip_on_connected(&sensor);
}

void on_disconnected(uint16_t, uint8_t) {
  Locked locked;
  connection = BLE_CONN_HANDLE_INVALID;
  imuhip_on_disconnected(&sensor);
}

// ---- bonds: Just Works of LE Secure Connections, which is what Bluefruit does by itself -----------

uint32_t count_bonds() {
  using namespace Adafruit_LittleFS_Namespace;
  uint32_t n = 0;
  File folder(BOND_DIR_PRPH, FILE_O_READ, InternalFS);
  File file(InternalFS);
  while ((file = folder.openNextFile(FILE_O_READ))) {
    n++;
    file.close();
  }
  folder.close();
  return n;
}

// Reading the flash takes long: not under the lock, and not at every turn of the loop.
void open_or_close_pairing() {
  static uint32_t next_ms = 0;
  if (!kAsksForBond || (int32_t)(millis() - next_ms) < 0) return;
  next_ms = millis() + 1000;
  const uint32_t n_bonds = count_bonds();
  Locked locked;
  Bluefruit.Security.setPairable(imuhip_accepts_pairing(&sensor, n_bonds));
}

void drop_bond_of_legacy_pairing(const ble_gap_evt_t &event) {
  // Its keys can be listened in on, and Bluefruit agrees to it with a host that has nothing better.
  if (event.params.auth_status.bonded && !event.params.auth_status.lesc) {
    BLEConnection *link = Bluefruit.Connection(event.conn_handle);
    if (link == nullptr) return;
    link->removeBondKey();
    link->disconnect();
  }
}

void on_event(ble_evt_t *event) {
  Locked locked;
  if (event->header.evt_id == BLE_GATTS_EVT_HVN_TX_COMPLETE) {
    const uint8_t count = event->evt.gatts_evt.params.hvn_tx_complete.count;
    notifications_in_flight = notifications_in_flight > count ? notifications_in_flight - count : 0;
  } else if (event->header.evt_id == BLE_GATTS_EVT_HVC) {
    imuhip_on_reply_confirmed(&sensor);
  } else if (event->header.evt_id == BLE_GAP_EVT_AUTH_STATUS) {
    drop_bond_of_legacy_pairing(event->evt.gap_evt);
  }
}

// ---- people -------------------------------------------------------------------------------------

uint8_t battery_percent(void *) { return battery; }
void identify(void *) { blink_until_ms = millis() + kBlinkMs; }
void time_hint(void *, uint64_t) {}
void power_off(void *) { sd_power_system_off(); }

void read_battery() {
  // 1/2.96 divider, enabled by a low P0.14; a single cell from 3.4 V (empty) to 4.15 V.
  static uint32_t next_ms = 0;
  if ((int32_t)(millis() - next_ms) < 0) return;
  next_ms = millis() + 30000;
  const int32_t millivolt = (int32_t)(analogRead(PIN_VBAT) * 3600.0 / 1024.0 * 2.96);
  battery = (uint8_t)constrain((millivolt - 3400) * 100 / 750, 1, 100);
  battery_service.notify(battery);
}

void show() {
  const bool is_blinking = (int32_t)(blink_until_ms - millis()) > 0;
  digitalWrite(LED_BLUE, is_blinking && millis() / 125 % 2 == 0 ? LOW : HIGH);
}

const struct imuhip_port port = {
    nullptr,      now_us,          mtu,       is_subscribed,  is_protected,  send,
    free_buffers, battery_percent, configure, start_sampling, stop_sampling, identify,
    time_hint,    power_off,
};

void offer(BLECharacteristic &chr, uint8_t properties, uint16_t max_length) {
  // Bluefruit gives the descriptor by which hosts listen the permission to read the value.
  const SecureMode_t talk = kAsksForBond ? SECMODE_ENC_NO_MITM : SECMODE_OPEN;
  chr.setProperties(properties);
  chr.setPermission(properties & CHR_PROPS_READ ? SECMODE_OPEN : talk,
                    properties & CHR_PROPS_WRITE ? talk : SECMODE_NO_ACCESS);
  chr.setMaxLen(max_length);
}

void begin_radio(const char *serial) {
  Bluefruit.configServiceChanged(true);  // bonded hosts remember the table of an older firmware
  Bluefruit.configPrphConn(IMUHIP_LARGEST_MTU, BLE_GAP_EVENT_LENGTH_DEFAULT * 2, kNotifyQueue, 1);
  Bluefruit.begin();
  char name[12];
  snprintf(name, sizeof name, "imuhip %s", serial + 12);
  Bluefruit.setName(name);
  Bluefruit.setEventCallback(on_event);
  Bluefruit.Periph.setConnIntervalMS(12, 15);
  Bluefruit.Periph.setConnectCallback(on_connected);
  Bluefruit.Periph.setDisconnectCallback(on_disconnected);

  device_information.setManufacturer("imuhip");
  device_information.setModel("imuhip XIAO nRF52840 Sense");
  device_information.setSerialNum(serial);
  device_information.setFirmwareRev("1.0");
  device_information.begin();
  battery_service.begin();

  service.begin();
  offer(info, CHR_PROPS_READ, 64);
  // `false`: called at once, in the Bluetooth task. Deferred, they would get a copy of the request
  // without its data.
  info.setReadAuthorizeCallback(on_info_read, false);
  info.begin();
  offer(control, CHR_PROPS_WRITE | CHR_PROPS_INDICATE, 64);
  control.setWriteAuthorizeCallback(on_control, false);
  control.begin();
  offer(stream, CHR_PROPS_NOTIFY, IMUHIP_LARGEST_PACKET_BYTES);
  stream.begin();
  offer(back_fill, CHR_PROPS_NOTIFY, IMUHIP_LARGEST_PACKET_BYTES);
  back_fill.begin();
  offer(sync_chr, CHR_PROPS_WRITE | CHR_PROPS_NOTIFY, 20);
  sync_chr.setWriteAuthorizeCallback(on_sync, false);
  sync_chr.begin();

  Bluefruit.Security.setIOCaps(false, false, false);
  Bluefruit.Security.setMITM(false);
  Bluefruit.Security.setPairable(false);  // until the loop has looked

  Bluefruit.Advertising.addFlags(BLE_GAP_ADV_FLAGS_LE_ONLY_GENERAL_DISC_MODE);
  Bluefruit.Advertising.addService(service);
  Bluefruit.ScanResponse.addName();
  Bluefruit.Advertising.setInterval(48, 160);  // 30 ms, then 100 ms, in units of 0.625 ms
  Bluefruit.Advertising.setFastTimeout(30);
  Bluefruit.Advertising.restartOnDisconnect(true);
}

}  // namespace

void setup() {
  static char serial[17];
  const uint32_t id[2] = {NRF_FICR->DEVICEID[0], NRF_FICR->DEVICEID[1]};
  memcpy(identity.unique_id, id, sizeof identity.unique_id);
  snprintf(serial, sizeof serial, "%08lX%08lX", (unsigned long)id[1], (unsigned long)id[0]);
  pinMode(LED_BLUE, OUTPUT);
  pinMode(VBAT_ENABLE, OUTPUT);
  digitalWrite(VBAT_ENABLE, LOW);
  lock = xSemaphoreCreateRecursiveMutex();
  imu.begin();
  Wire.setClock(400000);
  begin_radio(serial);
  begin_clock();
  // After the clock: the core notes when the sensor was switched on. Nobody connects before.
  imuhip_init(&sensor, &port, &identity, slots, kRingSamples);
  Bluefruit.Advertising.start(0);
}

void loop() {
  uint32_t wait_us;
  {
    Locked locked;
    if (is_sampling && now_us(nullptr) >= next_sample_us) {
      take_sample();
      next_sample_us += 1000000u / sensor.config.rate_hz;
    }
    wait_us = imuhip_poll(&sensor);
  }
  open_or_close_pairing();
  read_battery();
  show();
  if (is_sampling ? wait_us > 2000 && next_sample_us > now_us(nullptr) + 2000 : true) {
    delay(1);  // lets the processor sleep; what is due within 2 ms is waited for awake
  }
}

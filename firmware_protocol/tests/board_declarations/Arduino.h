/* Declarations that the board example needs, and no more, written by hand after the public headers of
 * Arduino, FreeRTOS and Nordic's SoftDevice. They let a compiler read the example; they are not those
 * libraries, link to nothing, and prove nothing about them. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT 1
#define LOW 0
#define HIGH 1
#define LED_BLUE 12
#define VBAT_ENABLE 14
#define PIN_VBAT 32

uint32_t millis();
void delay(uint32_t ms);
void pinMode(uint32_t pin, uint32_t mode);
void digitalWrite(uint32_t pin, uint32_t value);
int analogRead(uint32_t pin);
template <class T, class U, class V>
T constrain(T value, U low, V high) { return value < low ? T(low) : value > high ? T(high) : value; }

/* FreeRTOS */
typedef struct QueueDefinition *SemaphoreHandle_t;
typedef uint32_t TickType_t;
#define portMAX_DELAY ((TickType_t)0xFFFFFFFF)
SemaphoreHandle_t xSemaphoreCreateRecursiveMutex();
int xSemaphoreTakeRecursive(SemaphoreHandle_t mutex, TickType_t ticks);
int xSemaphoreGiveRecursive(SemaphoreHandle_t mutex);
void taskENTER_CRITICAL();
void taskEXIT_CRITICAL();

/* Registers of the nRF52840 */
struct NRF_TIMER_Type {
    volatile uint32_t TASKS_START, TASKS_CLEAR, TASKS_CAPTURE[6], MODE, BITMODE, PRESCALER, CC[6];
};
struct NRF_FICR_Type {
    volatile uint32_t DEVICEID[2];
};
extern NRF_TIMER_Type *NRF_TIMER4;
extern NRF_FICR_Type *NRF_FICR;
#define TIMER_MODE_MODE_Timer 0
#define TIMER_BITMODE_BITMODE_32Bit 3

/* SoftDevice S140 */
#define NRF_SUCCESS 0
#define BLE_CONN_HANDLE_INVALID 0xFFFF
#define BLE_GATT_HVX_NOTIFICATION 1
#define BLE_GATT_HVX_INDICATION 2
#define BLE_GATT_STATUS_SUCCESS 0
#define BLE_GATTS_AUTHORIZE_TYPE_READ 1
#define BLE_GATTS_AUTHORIZE_TYPE_WRITE 2
#define BLE_GAP_EVENT_LENGTH_DEFAULT 3
#define BLE_GAP_ADV_FLAGS_LE_ONLY_GENERAL_DISC_MODE 6
#define BLE_GAP_PHY_AUTO 0
enum { BLE_GAP_EVT_AUTH_STATUS = 0x19, BLE_GATTS_EVT_HVC = 0x56, BLE_GATTS_EVT_HVN_TX_COMPLETE = 0x57 };

typedef struct {
    uint16_t handle, offset, len;
    uint8_t op, auth_required;
    uint8_t data[1];
} ble_gatts_evt_write_t;
typedef struct {
    uint16_t handle, offset;
} ble_gatts_evt_read_t;
typedef struct {
    uint16_t gatt_status;
    uint8_t update : 1;
    uint16_t offset, len;
    uint8_t const *p_data;
} ble_gatts_authorize_params_t;
typedef struct {
    uint8_t type;
    union {
        ble_gatts_authorize_params_t read, write;
    } params;
} ble_gatts_rw_authorize_reply_params_t;
typedef struct {
    uint16_t handle;
    uint8_t type;
    uint16_t offset;
    uint16_t *p_len;
    uint8_t const *p_data;
} ble_gatts_hvx_params_t;
typedef struct {
    uint16_t value_handle, user_desc_handle, cccd_handle, sccd_handle;
} ble_gatts_char_handles_t;
typedef struct {
    uint8_t auth_status;
    uint8_t error_src : 2, bonded : 1, lesc : 1;
} ble_gap_evt_auth_status_t;
typedef struct {
    uint16_t conn_handle;
    union {
        ble_gap_evt_auth_status_t auth_status;
    } params;
} ble_gap_evt_t;
typedef struct {
    uint16_t conn_handle;
    union {
        struct {
            uint8_t count;
        } hvn_tx_complete;
    } params;
} ble_gatts_evt_t;
typedef struct {
    struct {
        uint16_t evt_id, evt_len;
    } header;
    union {
        ble_gap_evt_t gap_evt;
        ble_gatts_evt_t gatts_evt;
    } evt;
} ble_evt_t;

extern "C" {
uint32_t sd_clock_hfclk_request(void);
uint32_t sd_power_system_off(void);
uint32_t sd_ble_gatts_hvx(uint16_t connection, ble_gatts_hvx_params_t const *params);
uint32_t sd_ble_gatts_rw_authorize_reply(uint16_t connection,
                                         ble_gatts_rw_authorize_reply_params_t const *reply);
}

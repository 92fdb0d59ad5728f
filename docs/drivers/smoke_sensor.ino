// Smoke sensors (MQ-2 and alike) on an Arduino Uno or Nano: each zone says how it is once a second, and at once when that
// changes. The protocol and the wiring: smoke-serial.md. Nothing here is certified: it gives hints, it is no fire alarm.
#include <avr/wdt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const uint8_t PINS[] = {A0};            // one sensor each; zone 1 is the first
const uint16_t SMOKE = 6400;            // a sum of sixteen readings from which a zone is in smoke: set it on site
const uint16_t CLEAR = 5600;            // it is out of smoke below this
const uint16_t TOO_LOW = 50;            // no sensor at all, or a cut wire
const uint32_t WARM_MS = 180000;        // an MQ-2 means nothing before it is warm
const uint8_t ZONES = sizeof(PINS);

// --- the line (tests/drivers/sensors/test_serial_smoke.py compiles this part)
#define LINE_BYTES 32

static uint16_t crc16(const char *text)  // CRC-16/CCITT-FALSE
{
  uint16_t crc = 0xFFFF;
  while (*text) {
    crc ^= (uint16_t)((uint8_t)*text++) << 8;
    for (uint8_t bit = 0; bit < 8; bit++) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc;
}

static void make_line(char *line, uint8_t sequence, uint8_t zone, char state, uint16_t raw)
{
  snprintf(line, LINE_BYTES, "S1,%03u,%02u,%c,%05u", sequence, zone, state, raw);
  size_t length = strlen(line);
  snprintf(line + length, LINE_BYTES - length, "*%04X\r\n", crc16(line));
}
// --- end of the line

uint8_t sequence = 0;
char states[ZONES];
uint32_t told_ms[ZONES];

uint16_t measure(uint8_t pin)           // sixteen readings: a live sensor is never still
{
  uint16_t sum = 0;
  for (uint8_t n = 0; n < 16; n++) sum += analogRead(pin);
  return sum;
}

char judge(char before, uint16_t raw)
{
  if (raw >= (before == 'S' ? CLEAR : SMOKE) && millis() >= WARM_MS) return 'S';
  if (raw < TOO_LOW) return 'F';
  return millis() < WARM_MS ? 'W' : 'N';
}

void setup()
{
  Serial.begin(9600);
  wdt_enable(WDTO_2S);                  // a program that hangs starts again
}

void loop()
{
  for (uint8_t n = 0; n < ZONES; n++) {
    uint16_t raw = measure(PINS[n]);
    char state = judge(states[n], raw);
    if (state != states[n] || millis() - told_ms[n] >= 1000) {
      char line[LINE_BYTES];
      make_line(line, sequence++, n + 1, state, raw);
      Serial.print(line);
      states[n] = state;
      told_ms[n] = millis();
    }
  }
  wdt_reset();
  delay(50);
}

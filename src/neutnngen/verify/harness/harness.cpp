// Drives the model of a wrapper (wrapper.sv.j2) with waves from a file and records what it does.
//
// Arguments: STIMULUS SCAN RECORD WAVES STEPS CLOCKS LINES EVERY UNIT RESET [VCD FIRST LAST]. All files are little-endian.
// UNIT: clocks of a unit clock. RESET: clocks of reset.
// STIMULUS: for each of the first STEPS unit clocks of each wave the words of the port `stimulus` (its four lowest bits are ignored).
// SCAN: the scan image, one byte 0 or 1 per bit, in the order in which the bits go in; empty where there is no chain.
// RECORD.lines: of every wave the unit clocks at which the LINES lines rise, 16 bits each, 0xffff for never. RECORD.states: the words of the
// port `state` after every EVERY-th wave and after the last one. RECORD.chain: the scan chain after the last wave, as SCAN. RECORD.faults:
// "WAVE CLOCK TEXT" for the first thing that the design must never do. VCD: the waves FIRST ... LAST as a waveform; clock t of wave n begins
// at 2 * (n * CLOCKS + t) ns. What a wave's last clock does is seen in the first clock of the next wave.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "Vmodel.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

enum : uint32_t { RST = 1, SHIFT = 2, WEIGHT_IN = 4, SAMPLE = 8, CONTROL = 15 };
const uint16_t NEVER = 0xffff;

FILE* opened(const std::string& path, const char* mode) {
    FILE* file = std::fopen(path.c_str(), mode);
    if (!file) {
        std::perror(path.c_str());
        std::exit(2);
    }
    return file;
}

void put(FILE* file, const void* data, size_t bytes) {
    if (bytes && std::fwrite(data, bytes, 1, file) != 1) {
        std::perror("cannot write the record");
        std::exit(2);
    }
}

void closed(FILE* file) {
    if (std::fclose(file) != 0) {
        std::perror("cannot write the record");
        std::exit(2);
    }
}

class Bench {
  public:
    VerilatedContext context;
    Vmodel model{&context};
    uint64_t time = 0;  // ns; a clock takes two
    bool dumping = false;
#if VM_TRACE
    VerilatedVcdC vcd;
#endif

    // One clock with the words that lie in model.stimulus.
    void clock(uint32_t control) {
        model.stimulus[0] = (model.stimulus[0] & ~CONTROL) | control;
        model.clk = 1;
        model.eval();
        dump();
        model.clk = 0;
        model.eval();
        dump();
    }

    bool last() const { return model.seen[0] & 1; }
    bool weight_out() const { return model.seen[0] >> 1 & 1; }

  private:
    void dump() {
#if VM_TRACE
        if (dumping) vcd.dump(time);
#endif
        ++time;
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 11 && argc != 14) return 2;
    const std::string record = argv[3];
    const long waves = std::atol(argv[4]), steps = std::atol(argv[5]), clocks = std::atol(argv[6]);
    const long lines = std::atol(argv[7]), every = std::atol(argv[8]);
    const long unit = std::atol(argv[9]), reset = std::atol(argv[10]);
    const long first = argc == 14 ? std::atol(argv[12]) : -1, final = argc == 14 ? std::atol(argv[13]) : -1;

    auto* bench = new Bench;
    bench->context.randReset(2);
    bench->context.randSeed(1);
    auto& model = bench->model;
    model.clk = 0;
    const size_t width = sizeof(model.stimulus), words = sizeof(model.seen) / 4;
    std::memset(&model.stimulus[0], 0, width);
#if VM_TRACE
    bench->context.traceEverOn(true);
    bench->vcd.set_time_unit("1ns");
    bench->vcd.set_time_resolution("1ns");
    model.trace(&bench->vcd, 99);
    if (argc == 14) bench->vcd.open(argv[11]);
#endif

    FILE* stimulus = opened(argv[1], "rb");
    FILE* times = opened(record + ".lines", "wb");
    FILE* states = opened(record + ".states", "wb");
    FILE* cast = opened(record + ".cast", "wb");
    FILE* chain = opened(record + ".chain", "wb");
    FILE* faults = opened(record + ".faults", "wb");

    std::vector<uint8_t> image;
    FILE* scan = opened(argv[2], "rb");
    for (int bit; (bit = std::fgetc(scan)) != EOF;) image.push_back(static_cast<uint8_t>(bit));
    std::fclose(scan);

    for (long n = 0; n < reset; ++n) bench->clock(RST);
    for (uint8_t bit : image) bench->clock(SHIFT | (bit ? WEIGHT_IN : 0));

    std::vector<uint32_t> block(steps * width / 4);
    std::vector<uint16_t> rises(lines);
    std::vector<uint32_t> held(words), now(words);
    bool faulty = false;
    const auto fault = [&](long wave, long clock, const char* text) {
        if (!faulty) std::fprintf(faults, "%ld %ld %s\n", wave, clock, text);
        faulty = true;
    };
    bench->time = 0;
    for (long wave = 0; wave < waves; ++wave) {
        if (std::fread(block.data(), 4, block.size(), stimulus) != block.size()) {
            std::fprintf(stderr, "the stimulus ends in wave %ld\n", wave);
            return 2;
        }
        std::fill(rises.begin(), rises.end(), NEVER);
        std::fill(held.begin(), held.end(), 0);
        const bool sampled = wave > 0 && wave % every == 0;  // the state after the wave before
        for (long t = 0; t < clocks; ++t) {
            if (t % unit == 0 && t / unit < steps) std::memcpy(&model.stimulus[0], block.data() + t / unit * width / 4, width);
            bench->dumping = wave >= first && wave <= final;
            bench->clock(t == 0 && sampled ? SAMPLE : 0);
            if (t == 0 && wave > 0) put(cast, &model.cast[0], sizeof(model.cast));
            if (t == 0 && sampled) put(states, &model.state[0], sizeof(model.state));
            if (bench->last() != (t == clocks - 1)) fault(wave, t, "wave_last in a wrong clock");
            for (size_t w = 0; w < words; ++w) {
                now[w] = model.seen[w] & (w ? ~0u : ~3u);
                if (held[w] & ~now[w]) fault(wave, t, "a line falls within a wave");
                if (t % unit && held[w] != now[w]) fault(wave, t, "a line changes within a unit clock");
                for (uint32_t bits = held[w] ^ now[w]; bits; bits &= bits - 1) {
                    rises[32 * w + __builtin_ctz(bits) - 2] = static_cast<uint16_t>(t / unit);
                }
            }
            held.swap(now);
        }
        put(times, rises.data(), 2 * rises.size());
    }
    bench->dumping = final >= waves;
    std::memset(&model.stimulus[0], 0, width);
    for (size_t n = 0; n < image.size() || n < 1; ++n) {
        // While a clock with SHIFT is seen, weight_out is the bit that its end moves out.
        const bool shifting = !image.empty();
        bench->clock((shifting ? SHIFT : 0) | (n == 0 ? SAMPLE : 0));
        if (n == 0) put(cast, &model.cast[0], sizeof(model.cast));
        if (n == 0) put(states, &model.state[0], sizeof(model.state));
        const uint8_t bit = bench->weight_out();
        if (shifting) put(chain, &bit, 1);
    }
#if VM_TRACE
    if (argc == 14) bench->vcd.close();
#endif
    std::fclose(stimulus);
    for (FILE* file : {times, states, cast, chain, faults}) closed(file);
    return 0;
}

#include "emu/devices/plic.hpp"

#include <bit>
#include <stdexcept>

namespace backspin::emu {

namespace {

constexpr std::size_t word_of(std::uint32_t source) {
    return source / 32;
}
constexpr std::uint32_t bit_of(std::uint32_t source) {
    return std::uint32_t{1} << (source % 32);
}
/// The bits of a word of sources that exist: there is no source 0.
constexpr std::uint32_t existing(std::size_t word) {
    return word == 0 ? ~std::uint32_t{1} : ~std::uint32_t{0};
}

enum class Bank : std::uint8_t { priority, pending, enable, threshold, claim };

/// A register: which source's, word's or context's (and word's), as its bank needs.
struct Register {
    Bank bank;
    std::size_t context = 0;
    std::size_t index = 0;
};

std::optional<Register> register_at(std::uint64_t offset, std::size_t contexts, std::size_t words) {
    if (offset < Plic::kPendingOffset) {
        const auto source = (offset - Plic::kPriorityOffset) / 4;
        if (source >= 1 && source <= Plic::kLastSource) return Register{Bank::priority, 0, source};
    } else if (offset < Plic::kEnableOffset) {
        const auto word = (offset - Plic::kPendingOffset) / 4;
        if (word < words) return Register{Bank::pending, 0, word};
    } else if (offset < Plic::kContextOffset) {
        const auto context = (offset - Plic::kEnableOffset) / Plic::kEnableStride;
        const auto word = (offset - Plic::kEnableOffset) % Plic::kEnableStride / 4;
        if (context < contexts && word < words) return Register{Bank::enable, context, word};
    } else {
        const auto context = (offset - Plic::kContextOffset) / Plic::kContextStride;
        const auto which = (offset - Plic::kContextOffset) % Plic::kContextStride;
        if (context < contexts && which == 0) return Register{Bank::threshold, context};
        if (context < contexts && which == Plic::kClaimRegister) return Register{Bank::claim, context};
    }
    return std::nullopt;
}

}  // namespace

Plic::Plic(std::size_t harts) {
    if (harts < 1 || harts > kMaxHarts) throw std::invalid_argument("a PLIC serves 1 to 512 harts");
    enable_.resize(2 * harts);
    threshold_.resize(2 * harts);
    best_.resize(2 * harts);
}

std::optional<std::uint64_t> Plic::read(std::uint64_t offset, AccessSize size, const DeviceContext& context) {
    const auto value = peek(offset, size, context.now);
    if (value) {
        const auto place = register_at(offset, threshold_.size(), kWords);
        if (place && place->bank == Bank::claim) claim(place->context);
    }
    return value;
}

std::optional<std::uint64_t> Plic::peek(std::uint64_t offset, AccessSize size, VirtualTime /*now*/) const {
    if (size != AccessSize::word) return std::nullopt;
    const auto place = register_at(offset, threshold_.size(), kWords);
    if (!place) return 0;
    switch (place->bank) {
        case Bank::priority: return priority_[place->index];
        case Bank::pending: return pending_[place->index];
        case Bank::enable: return enable_[place->context][place->index];
        case Bank::threshold: return threshold_[place->context];
        case Bank::claim: return best_[place->context];
    }
    return 0;
}

bool Plic::write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) {
    if (size != AccessSize::word) return false;
    const auto place = register_at(offset, threshold_.size(), kWords);
    if (!place) return true;
    const auto word = static_cast<std::uint32_t>(value);
    // Priorities keep the bits that they have: the specification lets any value be written.
    switch (place->bank) {
        case Bank::priority: priority_[place->index] = word & kMaxPriority; break;
        case Bank::pending: return true;
        case Bank::enable: enable_[place->context][place->index] = word & existing(place->index); break;
        case Bank::threshold: threshold_[place->context] = word & kMaxPriority; break;
        case Bank::claim: complete(place->context, word); break;
    }
    find_best();
    return true;
}

void Plic::set_level(std::uint32_t source, bool up) {
    if (source < 1 || source > kLastSource) throw std::out_of_range("plic: there is no such source");
    const auto word = word_of(source);
    const auto bit = bit_of(source);
    if (((level_[word] & bit) != 0) == up) return;
    level_[word] ^= bit;
    if (!up || (claimed_[word] & bit) != 0 || (pending_[word] & bit) != 0) return;
    pending_[word] |= bit;
    find_best();
}

std::uint32_t Plic::best_of(std::size_t context) const {
    std::uint32_t best = 0;
    auto best_priority = threshold_[context];
    for (std::size_t word = 0; word < kWords; ++word) {
        for (auto left = pending_[word] & enable_[context][word]; left != 0; left &= left - 1) {
            const auto source = static_cast<std::uint32_t>(32 * word) + std::countr_zero(left);
            if (priority_[source] > best_priority) {
                best = source;
                best_priority = priority_[source];
            }
        }
    }
    return best;
}

void Plic::find_best() {
    for (std::size_t context = 0; context < best_.size(); ++context) {
        best_[context] = static_cast<std::uint8_t>(best_of(context));
    }
}

std::uint32_t Plic::claim(std::size_t context) {
    const std::uint32_t source = best_[context];
    if (source == 0) return 0;
    pending_[word_of(source)] &= ~bit_of(source);
    claimed_[word_of(source)] |= bit_of(source);
    find_best();
    return source;
}

void Plic::complete(std::size_t context, std::uint32_t source) {
    if (source < 1 || source > kLastSource) return;
    const auto word = word_of(source);
    const auto bit = bit_of(source);
    // A completion from a context that the source is not enabled for is ignored (specification, "Interrupt
    // Completion").
    if ((enable_[context][word] & claimed_[word] & bit) == 0) return;
    claimed_[word] &= ~bit;
    pending_[word] |= level_[word] & bit;
}

void Plic::check(std::size_t contexts) const {
    if (enable_.size() != contexts || threshold_.size() != contexts)
        throw BadState("plic: saved with another number of harts");
    const auto check_priority = [](std::uint8_t priority) {
        if (priority > kMaxPriority) throw BadState("plic: a priority that there is not");
    };
    for (const auto priority : priority_) check_priority(priority);
    for (const auto threshold : threshold_) check_priority(threshold);
    if (priority_[0] != 0) throw BadState("plic: a priority of source 0");
    const auto check_sources = [](const SourceSet& set) {
        if ((set[0] & ~existing(0)) != 0) throw BadState("plic: source 0 in a set of sources");
    };
    for (const auto& set : {level_, pending_, claimed_}) check_sources(set);
    for (const auto& set : enable_) check_sources(set);
    for (std::size_t word = 0; word < kWords; ++word) {
        if ((pending_[word] & claimed_[word]) != 0) throw BadState("plic: a source both pending and claimed");
        if ((level_[word] & ~(pending_[word] | claimed_[word])) != 0)
            throw BadState("plic: a line that is up and was not noticed");
    }
}

}  // namespace backspin::emu

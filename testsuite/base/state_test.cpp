// State archives: what is written is read back, in bytes that are the same everywhere; hostile bytes are
// refused before they cost anything.
#include "base/state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace backspin {
namespace {

enum class Colour : std::uint8_t { red = 1, green = 2 };
enum class Signed : std::int16_t { below = -2 };

struct Inner {
    std::uint16_t half = 0;
    std::optional<std::uint32_t> word;
    bool operator==(const Inner&) const = default;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive& BOOST_SERIALIZATION_NVP(half) & BOOST_SERIALIZATION_NVP(word);
    }
};

/// One field of every kind that the archives know.
struct Everything {
    std::uint8_t u8 = 0;
    std::int8_t i8 = 0;
    std::uint16_t u16 = 0;
    std::int16_t i16 = 0;
    std::uint32_t u32 = 0;
    std::int32_t i32 = 0;
    std::uint64_t u64 = 0;
    std::int64_t i64 = 0;
    bool truth = false;
    Colour colour{};
    Signed sign{};
    std::array<std::uint16_t, 3> array{};
    std::vector<std::uint32_t> vector;
    std::deque<std::uint8_t> deque;
    std::string text;
    std::optional<std::uint64_t> maybe;
    Inner inner;
    std::vector<Inner> inners;
    std::optional<Inner> maybe_inner;
    StepCount steps;
    VirtualTime time;
    VirtualAddress at;
    PhysicalAddress physical;
    HartId hart;
    RegisterId which;
    Channel channel;
    bool operator==(const Everything&) const = default;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive& BOOST_SERIALIZATION_NVP(u8) & BOOST_SERIALIZATION_NVP(i8) & BOOST_SERIALIZATION_NVP(u16) &
            BOOST_SERIALIZATION_NVP(i16) & BOOST_SERIALIZATION_NVP(u32) & BOOST_SERIALIZATION_NVP(i32) &
            BOOST_SERIALIZATION_NVP(u64) & BOOST_SERIALIZATION_NVP(i64) & BOOST_SERIALIZATION_NVP(truth) &
            BOOST_SERIALIZATION_NVP(colour) & BOOST_SERIALIZATION_NVP(sign) & BOOST_SERIALIZATION_NVP(array) &
            BOOST_SERIALIZATION_NVP(vector) & BOOST_SERIALIZATION_NVP(deque) & BOOST_SERIALIZATION_NVP(text) &
            BOOST_SERIALIZATION_NVP(maybe) & BOOST_SERIALIZATION_NVP(inner) &
            BOOST_SERIALIZATION_NVP(inners) & BOOST_SERIALIZATION_NVP(maybe_inner) &
            BOOST_SERIALIZATION_NVP(steps) & BOOST_SERIALIZATION_NVP(time) & BOOST_SERIALIZATION_NVP(at) &
            BOOST_SERIALIZATION_NVP(physical) & BOOST_SERIALIZATION_NVP(hart) &
            BOOST_SERIALIZATION_NVP(which) & BOOST_SERIALIZATION_NVP(channel);
    }
};

template <class T>
std::vector<std::byte> written(T value) {
    std::vector<std::byte> bytes;
    StateWriter writer(bytes);
    writer& boost::serialization::make_nvp("value", value);
    return bytes;
}

template <class T>
T read(std::span<const std::byte> bytes) {
    T value{};
    StateReader reader(bytes);
    reader& boost::serialization::make_nvp("value", value);
    if (!reader.at_end()) throw BadState("bytes left over");
    return value;
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

Everything random_everything(std::mt19937_64& random) {
    const auto few = [&] { return random() % 5; };
    const auto inner = [&] {
        return Inner{static_cast<std::uint16_t>(random()),
                     random() % 2 ? std::optional(static_cast<std::uint32_t>(random())) : std::nullopt};
    };
    Everything e;
    e.u8 = static_cast<std::uint8_t>(random());
    e.i8 = static_cast<std::int8_t>(random());
    e.u16 = static_cast<std::uint16_t>(random());
    e.i16 = static_cast<std::int16_t>(random());
    e.u32 = static_cast<std::uint32_t>(random());
    e.i32 = static_cast<std::int32_t>(random());
    e.u64 = random();
    e.i64 = static_cast<std::int64_t>(random());
    e.truth = random() % 2 != 0;
    e.colour = random() % 2 ? Colour::red : Colour::green;
    e.sign = Signed::below;
    for (auto& value : e.array) value = static_cast<std::uint16_t>(random());
    for (auto n = few(); n > 0; --n) e.vector.push_back(static_cast<std::uint32_t>(random()));
    for (auto n = few(); n > 0; --n) e.deque.push_back(static_cast<std::uint8_t>(random()));
    for (auto n = few(); n > 0; --n) e.text.push_back(static_cast<char>(random()));
    if (random() % 2) e.maybe = random();
    e.inner = inner();
    for (auto n = few(); n > 0; --n) e.inners.push_back(inner());
    if (random() % 2) e.maybe_inner = inner();
    e.steps = {random()};
    e.time = {random()};
    e.at = {random()};
    e.physical = {random()};
    e.hart = {static_cast<std::uint32_t>(random())};
    e.which = {static_cast<std::uint32_t>(random())};
    e.channel = {static_cast<std::uint32_t>(random())};
    return e;
}

TEST(StateArchive, EveryTypeComesBackFromIdenticalBytes) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 500; ++i) {
        const auto value = random_everything(random);
        const auto bytes = written(value);
        const auto again = read<Everything>(bytes);
        ASSERT_EQ(again, value);
        ASSERT_EQ(written(again), bytes);
    }
}

TEST(StateArchive, ReadingReplacesWhatWasThere) {
    auto into = Everything{};
    into.vector = {1, 2, 3};
    into.deque = {4};
    into.text = "old";
    into.maybe = 5;
    into.maybe_inner = Inner{6, 7};
    const auto bytes = written(Everything{});
    StateReader reader(bytes);
    reader& boost::serialization::make_nvp("value", into);
    EXPECT_EQ(into, Everything{});
}

/// A recording is read on other computers: the bytes are part of its format.
TEST(StateArchive, BytesAreLittleEndianWithoutHeaderOrPadding) {
    EXPECT_EQ(written(std::uint32_t{0x01020304}), bytes_of({4, 3, 2, 1}));
    EXPECT_EQ(written(std::int16_t{-2}), bytes_of({0xfe, 0xff}));
    EXPECT_EQ(written(Signed::below), bytes_of({0xfe, 0xff}));
    EXPECT_EQ(written(Colour::green), bytes_of({2}));
    EXPECT_EQ(written(true), bytes_of({1}));
    EXPECT_EQ(written(std::string("ab")), bytes_of({2, 0, 0, 0, 'a', 'b'}));
    EXPECT_EQ(written(std::array<std::uint8_t, 2>{7, 8}), bytes_of({7, 8}));
    EXPECT_EQ(written(std::vector<std::uint16_t>{1}), bytes_of({1, 0, 0, 0, 1, 0}));
    EXPECT_EQ(written(std::deque<std::uint8_t>{}), bytes_of({0, 0, 0, 0}));
    EXPECT_EQ(written(std::optional<std::uint8_t>{}), bytes_of({0}));
    EXPECT_EQ(written(std::optional<std::uint8_t>{9}), bytes_of({1, 9}));
    EXPECT_EQ(written(VirtualTime{0x0102030405060708}), bytes_of({8, 7, 6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(written(Inner{0x1234, std::nullopt}), bytes_of({0x34, 0x12, 0}));
}

TEST(StateArchive, ExtremesComeBack) {
    EXPECT_EQ(read<std::int8_t>(written(std::numeric_limits<std::int8_t>::min())), -128);
    EXPECT_EQ(read<std::int64_t>(written(std::numeric_limits<std::int64_t>::min())),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(read<std::uint64_t>(written(~std::uint64_t{0})), ~std::uint64_t{0});
    EXPECT_EQ(read<std::string>(written(std::string("a\0b", 3))), std::string("a\0b", 3));
}

TEST(StateReader, EveryTruncationIsRefused) {
    std::mt19937_64 random(2);
    const auto bytes = written(random_everything(random));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_THROW(read<Everything>(std::span(bytes).first(length)), BadState) << length;
    }
}

TEST(StateReader, KnowsWhetherBytesAreLeft) {
    auto bytes = written(std::uint16_t{1});
    bytes.push_back(std::byte{0});
    std::uint16_t value = 0;
    StateReader reader(bytes);
    EXPECT_FALSE(reader.at_end());
    reader& boost::serialization::make_nvp("value", value);
    EXPECT_FALSE(reader.at_end());
    std::uint8_t rest = 1;
    reader& boost::serialization::make_nvp("rest", rest);
    EXPECT_TRUE(reader.at_end());
}

TEST(StateReader, TruthIsZeroOrOne) {
    EXPECT_THROW(read<bool>(bytes_of({2})), BadState);
    EXPECT_THROW(read<bool>(bytes_of({0xff})), BadState);
    EXPECT_THROW((read<std::optional<std::uint8_t>>(bytes_of({2, 1}))), BadState);
}

/// Counts what is made of it, so that a test sees whether a hostile count was believed.
struct Counting {
    static inline std::size_t made = 0;
    std::uint8_t value = 0;
    Counting() { ++made; }
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive& BOOST_SERIALIZATION_NVP(value);
    }
};

TEST(StateReader, ACountLargerThanTheStateIsRefusedBeforeAnythingIsMade) {
    for (const auto count : {0x04, 0x7f, 0xff}) {
        auto bytes = bytes_of({count, 0, 0, 0, 1, 2, 3});
        Counting::made = 0;
        EXPECT_THROW(read<std::vector<Counting>>(bytes), BadState);
        EXPECT_THROW(read<std::deque<Counting>>(bytes), BadState);
        EXPECT_EQ(Counting::made, 0u);
    }
    EXPECT_THROW(read<std::string>(bytes_of({0xff, 0xff, 0xff, 0xff, 'a'})), BadState);
    EXPECT_THROW(read<std::vector<std::uint64_t>>(bytes_of({0xff, 0xff, 0xff, 0xff})), BadState);
}

TEST(StateReader, ACountThatTheBytesCannotFillIsRefusedOnTheWay) {
    // Three elements of eight bytes announced, one there: at most what the bytes hold is ever made.
    const auto bytes = bytes_of({3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    EXPECT_THROW(read<std::vector<std::uint64_t>>(bytes), BadState);
    // A sequence of sequences multiplies nothing either.
    std::vector<std::byte> nested = bytes_of({8, 0, 0, 0});
    for (int i = 0; i < 8; ++i) nested.push_back(std::byte{0xff});
    EXPECT_THROW(read<std::vector<std::vector<std::uint8_t>>>(nested), BadState);
}

TEST(StateReader, RandomBytesAreReadOrRefused) {
    std::mt19937_64 random(3);
    int taken = 0;
    for (int i = 0; i < 3000; ++i) {
        auto bytes = written(random_everything(random));
        for (auto n = random() % 4; n > 0; --n) {
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        }
        try {
            const auto value = read<Everything>(bytes);
            ASSERT_EQ(written(value), bytes) << "what is taken is exactly what the bytes say";
            ++taken;
        } catch (const BadState&) {
        }
    }
    EXPECT_GT(taken, 500);
    EXPECT_LT(taken, 3000);
}

TEST(StateLister, NamesEveryField) {
    Everything e;
    e.u8 = 0xab;
    e.i16 = -1;
    e.truth = true;
    e.colour = Colour::green;
    e.array = {1, 2, 0x30};
    e.vector = {0xdeadbeef};
    e.text = "hi";
    e.inner = {5, 6};
    e.inners = {{7, std::nullopt}, {8, 9}};
    e.steps = {77};
    StateLister lister;
    lister& boost::serialization::make_nvp("whole", e);

    const auto has = [&](const char* name, const char* value) {
        const FieldValue wanted{name, value};
        EXPECT_EQ(std::ranges::count(lister.fields(), wanted), 1) << name << " = " << value;
    };
    has("whole.u8", "0xab");
    has("whole.i16", "0xffff");
    has("whole.truth", "0x1");
    has("whole.colour", "0x2");
    has("whole.array[2]", "0x30");
    has("whole.vector[0]", "0xdeadbeef");
    has("whole.text", "\"hi\"");
    has("whole.inner.half", "0x5");
    has("whole.inner.word", "0x6");
    has("whole.inners[0].half", "0x7");
    has("whole.inners[1].word", "0x9");
    has("whole.steps.value", "0x4d");

    // Absent values have no line; every other name is there once.
    std::vector<std::string> names;
    for (const auto& field : lister.fields()) names.push_back(field.name);
    EXPECT_EQ(std::ranges::count(names, "whole.inners[0].word"), 0);
    EXPECT_EQ(std::ranges::count(names, "whole.maybe"), 0);
    std::ranges::sort(names);
    EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

TEST(StateLister, ListsInTheOrderOfTheBytes) {
    const Inner inner{1, 2};
    StateLister lister;
    lister& boost::serialization::make_nvp("a", inner);
    const std::vector<FieldValue> expected{{"a.half", "0x1"}, {"a.word", "0x2"}};
    EXPECT_EQ(lister.fields(), expected);
}

}  // namespace
}  // namespace backspin

// Commands of a chip: takes bytes, runs a wave or moves weights, answers in bytes (docs/chip.md).
//
// Every command gets one answer. Its first byte says how it ended (0: done); what follows, follows only after 0. PAYLOAD bytes belong to a sample and
// REPLY bytes follow its answer; STATUS bytes follow that of a status. The control says which byte of either is at hand (index) and when one is
// taken (payload_take, reply_next). bad: the payload byte at hand is out of range. chain_*: the weight port's own stream, while loading
// or reading. CHAINED = 0: there are no weights to move.
//
// learn_enable counts as it is in the clock before the wave (rule R11), and in a status as it is when the command comes.
module chip_control #(
    parameter integer PAYLOAD = 18,
    parameter integer REPLY   = 5,
    parameter integer STATUS  = 28,
    parameter integer INDEX_W = 5,
    parameter integer CHAINED = 1
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [7:0]         in_data,
    input  wire               in_valid,
    output wire               in_ready,
    output wire [7:0]         out_data,
    output wire               out_valid,
    input  wire               out_ready,
    input  wire               learn_enable,
    output wire               busy,
    output wire               error,
    input  wire               wave_last,
    output wire               run,
    output reg                permit,
    output reg  [INDEX_W-1:0] index,
    output wire               payload_take,
    input  wire               bad,
    output wire               reply_next,
    output reg                status,
    input  wire [7:0]         reply_byte,
    output wire               loading,
    output wire               reading,
    input  wire               chain_in_ready,
    input  wire               chain_out_valid,
    input  wire [7:0]         chain_out_data,
    input  wire               chain_done,
    output reg                loaded,
    output reg  [2:0]         held
);
    localparam [7:0] DO_SAMPLE = 8'h10, DO_LOAD = 8'h20, DO_READ = 8'h30, DO_STATUS = 8'h40, DO_CLEAR = 8'h50;
    localparam [2:0] DONE = 3'd0, UNKNOWN_COMMAND = 3'd1, OUT_OF_RANGE = 3'd2, NOT_LOADED = 3'd3, NO_WEIGHTS = 3'd4;
    localparam [2:0] COMMAND = 3'd0, TAKE = 3'd1, WAIT = 3'd2, WAVE = 3'd3, LOAD = 3'd4, ANSWER = 3'd5, BODY = 3'd6, READ = 3'd7;
    localparam [INDEX_W-1:0] LAST_PAYLOAD = INDEX_W'(PAYLOAD - 1);
    localparam [INDEX_W-1:0] LAST_REPLY   = INDEX_W'(REPLY - 1);
    localparam [INDEX_W-1:0] LAST_STATUS  = INDEX_W'(STATUS - 1);

    reg [2:0] state;
    reg [2:0] code;   // how the present command ends
    reg [2:0] after;  // where its answer leads

    wire       take     = in_valid & in_ready;
    wire       sent     = out_valid & out_ready;
    wire       missing  = (CHAINED != 0) & ~loaded;
    wire       last     = (index == (status ? LAST_STATUS : LAST_REPLY));
    wire [2:0] judged   = (code != DONE) ? code : bad ? OUT_OF_RANGE : DONE;

    assign in_ready     = (state == COMMAND) | (state == TAKE) | (loading & chain_in_ready);
    assign out_valid    = (state == ANSWER) | (state == BODY) | (reading & chain_out_valid);
    assign out_data     = (state == ANSWER) ? {5'd0, code} : (state == BODY) ? reply_byte : chain_out_data;
    assign busy         = (state != COMMAND);
    assign error        = |held;
    assign run          = (state == WAVE);
    assign loading      = (state == LOAD);
    assign reading      = (state == READ);
    assign payload_take = (state == TAKE) & in_valid;
    assign reply_next   = (state == BODY) & out_ready;

    always @(posedge clk) begin
        case (state)
            COMMAND: if (take) begin
                index  <= {INDEX_W{1'b0}};
                status <= (in_data == DO_STATUS);
                permit <= learn_enable;
                code   <= DONE;
                after  <= COMMAND;
                state  <= ANSWER;
                case (in_data)
                    DO_SAMPLE: begin
                        if (missing) code <= NOT_LOADED;
                        after <= BODY;
                        state <= TAKE;
                    end
                    DO_LOAD: begin
                        if (CHAINED == 0) code <= NO_WEIGHTS;
                        else begin
                            loaded <= 1'b0;
                            state  <= LOAD;
                        end
                    end
                    DO_READ: begin
                        if (CHAINED == 0) code <= NO_WEIGHTS;
                        else if (missing) code <= NOT_LOADED;
                        after <= READ;
                    end
                    DO_STATUS: after <= BODY;
                    DO_CLEAR:  held <= DONE;
                    default:   code <= UNKNOWN_COMMAND;
                endcase
            end
            TAKE: if (take) begin
                index <= index + 1'b1;
                code  <= judged;
                if (index == LAST_PAYLOAD) begin
                    index <= {INDEX_W{1'b0}};
                    state <= (judged == DONE) ? WAIT : ANSWER;
                end
            end
            WAIT: if (wave_last) begin
                permit <= learn_enable;
                state  <= WAVE;
            end
            WAVE: if (wave_last) state <= ANSWER;
            LOAD: if (chain_done) begin
                loaded <= 1'b1;
                state  <= ANSWER;
            end
            ANSWER: if (sent) begin
                if (held == DONE) held <= code;
                state <= (code == DONE) ? after : COMMAND;
            end
            BODY: if (sent) begin
                index <= index + 1'b1;
                if (last) state <= COMMAND;
            end
            READ: if (chain_done) state <= COMMAND;
        endcase
        if (rst) begin
            state  <= COMMAND;
            held   <= DONE;
            loaded <= 1'b0;
            index  <= {INDEX_W{1'b0}};
            status <= 1'b0;
            permit <= 1'b0;
            code   <= DONE;
            after  <= COMMAND;
        end
    end
endmodule

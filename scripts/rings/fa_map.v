module full_adder(input a, input b, input ci, output s, output co);
  FA_X1 _TECHMAP_REPLACE_ (.A(a), .B(b), .CI(ci), .S(s), .CO(co));
endmodule
